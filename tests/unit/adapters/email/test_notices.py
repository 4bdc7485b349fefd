"""Notifications: what is written, and what is understood however others write it."""

from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.email.layers import sealed
from adapters.email.mime import read_entity
from adapters.email.notices.build import (
    About,
    addressing,
    answers,
    asks_for_delivery,
    disposition,
)
from adapters.email.notices.fields import groups_of
from adapters.email.notices.form import is_notice
from adapters.email.notices.read import Notice, read_notices
from tests.direct import AT, MESSAGE
from tests.statuses import delivery_failure
from tests.unit.adapters.email.opening import HUB, opened, signer

ABOUT = About("m1@clinic.example", "nurse@clinic.example", "intake@hub.example", "n1@hub.example", AT)


def message(*lines: str, body: str = "") -> bytes:
    return "\r\n".join([*lines, "", body]).encode()


# What we write


@pytest.mark.parametrize("kind", ["processed", "dispatched", "failed"])
def test_a_disposition_has_the_two_parts_and_the_fields_that_testers_look_for(kind):
    # ETT DTS 452-466
    mail = message_from_bytes(disposition(ABOUT, kind), policy=SMTP)
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "disposition-notification"
    first, second = mail.iter_parts()
    assert (first.get_content_type(), second.get_content_type()) == ("text/plain", "message/disposition-notification")
    fields = groups_of(read_entity(disposition(ABOUT, kind)).body.partition(b"notification\r\n\r\n")[2])[0]
    assert fields["reporting-ua"] == "hub.example; Part2 Hub"
    assert fields["final-recipient"] == fields["original-recipient"] == "rfc822; intake@hub.example"
    assert fields["original-message-id"] == "<m1@clinic.example>"
    assert fields["disposition"] == f"automatic-action/MDN-sent-automatically;{kind}"
    assert ("x-direct-final-destination-delivery" in fields) is (kind == "dispatched")
    assert (mail["From"], mail["To"]) == ("intake@hub.example", "nurse@clinic.example")
    assert mail["In-Reply-To"] == "<m1@clinic.example>"
    assert mail["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("kind", ["processed", "dispatched", "failed"])
def test_what_we_write_we_understand_even_through_signature_and_encryption(kind):
    written = disposition(ABOUT, kind)
    expected = [Notice("mdn", kind, "m1@clinic.example", "intake@hub.example", final=kind == "dispatched")]
    assert read_notices(read_entity(written)) == expected
    posing = About("m1@hub.example", "intake@hub.example", "nurse@clinic.example", "n1@clinic.example", AT)
    from adapters.email.cms.addressee import Addressee

    raw = sealed(disposition(posing, kind), addressing(posing), signer(), [Addressee(HUB.certificate)], AT)
    (notice,) = read_notices(read_entity(opened(raw).message))
    assert (notice.said, notice.recipient) == (kind, "nurse@clinic.example")


def test_a_delivery_failure_is_understood():
    assert read_notices(read_entity(delivery_failure(ABOUT, "5.7.1", "untrusted"))) == [
        Notice("dsn", "failed", "m1@clinic.example", "intake@hub.example", status="5.7.1")
    ]


def test_what_a_stranger_wrote_cannot_write_a_line_of_the_notice():
    posing = About("x>\r\nDisposition: a/b;failed", "a@b.example\r\nBcc: c@d.example", "i@hub.example", "n", AT)
    written = disposition(posing, "processed")
    assert [notice.said for notice in read_notices(read_entity(written))] == ["processed"]
    assert "Bcc" not in message_from_bytes(written, policy=SMTP)


# What is answered


ANSWERED = {
    "a plain mail": (message("From: a@b.example", "Message-ID: <1@b>"), True),
    "a report that is none": (message("Message-ID: <1@b>", "Content-Type: multipart/report; report-type=x"), True),
    "not automatic": (message("Message-ID: <1@b>", "Auto-Submitted: no"), True),
    "an MDN": (disposition(ABOUT, "processed"), False),
    "a failed MDN": (disposition(ABOUT, "failed"), False),
    "a DSN": (delivery_failure(ABOUT), False),
    "a report quoted otherwise": (
        message("Message-ID: <1@b>", 'Content-Type: Multipart/Report; Report-Type="Disposition-Notification"'),
        False,
    ),
    "a bare disposition": (message("Message-ID: <1@b>", "Content-Type: message/disposition-notification"), False),
    "an automatic answer": (message("Message-ID: <1@b>", "Auto-Submitted: auto-replied"), False),
    "a mail without an id": (message("From: a@b.example"), False),
}


@pytest.mark.parametrize(("raw", "answered"), ANSWERED.values(), ids=ANSWERED)
def test_a_notification_is_never_answered_with_one(raw, answered):
    assert answers(read_entity(raw), "a@b.example") is answered


def test_a_mailer_daemon_is_not_answered():
    assert not answers(read_entity(MESSAGE), "MAILER-DAEMON@clinic.example")


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true", True),
        ("x-direct-final-destination-delivery = required, TRUE", True),
        ("other=optional,x; X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true", True),
        ("X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,false", False),
        ("X-DIRECT-FINAL-DESTINATION-DELIVERY", False),
        ("signed-receipt-protocol=optional,pkcs7-signature", False),
        ("", False),
    ],
)
def test_delivery_to_the_final_destination_is_asked_for_in_one_header(value, asked):
    assert asks_for_delivery(read_entity(message(f"Disposition-Notification-Options: {value}"))) is asked


# How others write them


def mdn(*fields: str, head: tuple[str, ...] = ()) -> bytes:
    report = "\r\n".join(fields)
    body = f"--b\r\n\r\nread\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n{report}\r\n--b--\r\n"
    return message(
        "From: x@b.example",
        *head,
        'Content-Type: multipart/report; boundary=b; report-type="disposition-notification"',
        body=body,
    )


TO = "Final-Recipient: rfc822; Intake@Hub.example"
ID, DONE = "Original-Message-ID: <1@b>", "Disposition: x/y;processed"
TRUTH = {
    "the standard": (
        (ID, TO, "Disposition: automatic-action/MDN-sent-automatically;processed"),
        (),
        ("processed", "1@b"),
    ),
    "spaces": (
        ("Original-Message-ID : <1@b>", TO, "Disposition: automatic-action / MDN-sent-automatically ; processed"),
        (),
        ("processed", "1@b"),
    ),
    "other case": (("ORIGINAL-MESSAGE-ID: <1@b>", TO.upper(), "disposition: x/y;Processed"), (), ("processed", "1@b")),
    "a modifier": ((ID, TO, "Disposition: x/y; processed/warning"), (), ("processed", "1@b")),
    "dispatched": (
        (ID, TO, "Disposition: x/y; dispatched", "X-DIRECT-FINAL-DESTINATION-DELIVERY:"),
        (),
        ("dispatched", "1@b"),
    ),
    "displayed by a person": (
        (ID, TO, "Disposition: manual-action/MDN-sent-manually; displayed"),
        (),
        ("displayed", "1@b"),
    ),
    "failed": ((ID, TO, "Disposition: x/y; failed", "Failure: no mailbox"), (), ("failed", "1@b")),
    "processed in error": ((ID, TO, "Disposition: x/y; processed/Error: decryption"), (), ("failed", "1@b")),
    "several modifiers": ((ID, TO, "Disposition: x/y;processed/warning, failure"), (), ("failed", "1@b")),
    "a comment": ((ID + " (theirs)", TO, "Disposition: x/y; processed (by us)"), (), ("processed", "1@b")),
    "a name": ((ID, 'Final-Recipient: rfc822; "Desk, in" <Intake@Hub.example> (1)', DONE), (), ("processed", "1@b")),
    "denied": ((ID, TO, "Disposition: x/y; denied"), (), ("failed", "1@b")),
    "folded": (("Original-Message-ID:\r\n <1@b>", TO, "Disposition: x/y;\r\n\tprocessed"), (), ("processed", "1@b")),
    "in reply to": ((TO, DONE), ("In-Reply-To: <2@b>",), ("processed", "2@b")),
    "references": ((TO, DONE), ("References: <0@b> <3@b>",), ("processed", "3@b")),
    "x-original in the head": ((TO, DONE), ("X-Original-Message-Id: <4@b>",), ("processed", "4@b")),
    "x-original in the report": ((TO, "X-Original-Message-ID: <5@b>", DONE), (), ("processed", "5@b")),
    "the report's own first": ((ID, TO, DONE), ("In-Reply-To: <2@b>",), ("processed", "1@b")),
    "no disposition": ((ID, TO), (), ("unknown", "1@b")),
    "an unknown one": ((ID, TO, "Disposition: x/y;eaten"), (), ("unknown", "1@b")),
    "no id anywhere": ((TO, DONE), (), ("processed", "")),
    "only the original recipient": (
        ("Original-Recipient: rfc822;intake@hub.example", ID, DONE),
        (),
        ("processed", "1@b"),
    ),
}


@pytest.mark.parametrize(("fields", "head", "expected"), TRUTH.values(), ids=TRUTH)
def test_the_truth_table_of_dispositions(fields, head, expected):
    (notice,) = read_notices(read_entity(mdn(*fields, head=head)))
    assert (notice.said, notice.message_id) == expected
    assert notice.recipient == "intake@hub.example"


def test_a_delivery_status_speaks_for_each_recipient():
    report = (
        "Reporting-MTA: dns;b.example\r\nX-Original-Message-ID: <1@b>\r\n\r\n"
        "Final-Recipient: rfc822;a@b.example\r\nAction: failed\r\nStatus: 5.1.1 (no such user)\r\n\r\n"
        "Final-Recipient: rfc822;b@b.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n"
        "Final-Recipient: rfc822;c@b.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
    )
    body = f"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{report}\r\n--b--\r\n"
    raw = message('Content-Type: multipart/report; report-type=delivery-status; boundary="b"', body=body)
    found = [(each.recipient, each.said, each.status, each.message_id) for each in read_notices(read_entity(raw))]
    assert found == [
        ("a@b.example", "failed", "5.1.1", "1@b"),
        ("b@b.example", "delayed", "4.4.1", "1@b"),
        ("c@b.example", "delivered", "2.0.0", "1@b"),
    ]


def report(fields: str, *, kind: str = "message/delivery-status", report_type: str = "", third: str = "") -> bytes:
    body = f"--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}\r\n\r\n{fields}\r\n{third}"
    return message(f"Message-ID: <n@b>\r\nContent-Type: multipart/report; boundary=b{report_type}", body=body + "--b--")


RETURNED = ["message/rfc822", "text/rfc822-headers"]


@pytest.mark.parametrize("kind", RETURNED)
def test_a_delivery_status_that_names_its_mail_only_by_returning_it_is_about_that_mail(kind):
    # Postfix (bounce_template): no Original-Message-ID, no In-Reply-To
    fields = "Reporting-MTA: dns; b.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed (here)\r\n"
    third = f"--b\r\nContent-Type: {kind}\r\n\r\nReceived: by b\r\nMessage-ID: <1@hub>\r\nSubject: x\r\n\r\n"
    (notice,) = read_notices(read_entity(report(fields, report_type="; report-type=delivery-status", third=third)))
    assert (notice.said, notice.message_id) == ("failed", "1@hub")


def test_the_international_forms_are_notifications_too():
    # RFC 6533
    fields = "Final-Recipient: utf-8; a@b.example\r\nOriginal-Message-ID: <1@b>\r\n"
    done = report(fields + "Disposition: x/y;processed\r\n", kind="message/global-disposition-notification")
    failed = report(fields + "Action: failed\r\n", kind="message/global-delivery-status")
    said = [(each.said, each.recipient) for raw in (done, failed) for each in read_notices(read_entity(raw))]
    assert said == [("processed", "a@b.example"), ("failed", "a@b.example")]


@pytest.mark.parametrize("report_type", ["", f"; report-type*{'1' * 5000}=a"], ids=["none", "unreadable"])
def test_a_report_without_its_type_is_known_by_its_parts_and_never_answered(report_type):
    entity = read_entity(report("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n", report_type=report_type))
    assert is_notice(entity)
    assert not answers(entity, "a@b.example")


@given(st.binary(max_size=300))
def test_a_damaged_notification_is_a_notification_that_says_nothing(noise):
    head = b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
    for raw in (
        head + noise,
        head + b"--b\r\nContent-Type: message/disposition-notification\r\n\r\n" + noise + b"\r\n--b--",
    ):
        entity = read_entity(raw)
        assert is_notice(entity)
        assert all(notice.said == "unknown" for notice in read_notices(entity))
    assert read_notices(read_entity(MESSAGE)) == []
