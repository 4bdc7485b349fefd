"""A delivery status notification (RFC 3464), as the receiving side of a Direct mail writes it; the hub sends none."""

from adapters.email.notices.build import About, addressing


def delivery_failure(about: About, status: str = "5.0.0", diagnostic: str = "") -> bytes:
    """The mail could not be delivered, as `about.recipient`'s system says."""
    report = (
        f"Reporting-MTA: dns;{about.recipient.rpartition('@')[2]}",
        f"X-Original-Message-ID: <{about.message_id}>",
        "",
        f"Original-Recipient: rfc822;{about.recipient}",
        f"Final-Recipient: rfc822;{about.recipient}",
        "Action: failed",
        f"Status: {status}",
        *([f"Diagnostic-Code: x-direct;{diagnostic}"] if diagnostic else []),
    )
    head = (
        "Subject: Message not delivered",
        f"In-Reply-To: <{about.message_id}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"',
    )
    parts = (
        *("--=_report", "Content-Type: text/plain; charset=us-ascii", "", "Your message could not be delivered."),
        *("--=_report", "Content-Type: message/delivery-status", "", *report, "", "--=_report--", ""),
    )
    return (addressing(about) + "\r\n".join((*head, "", *parts))).encode("ascii")
