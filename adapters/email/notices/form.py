"""Which messages are notifications, by their form alone: nothing in them need be understood for that."""

from adapters.email.mime import Entity, MimeError, parts_of, read_part

MDN = {"message/disposition-notification", "message/global-disposition-notification"}
DSN = {"message/delivery-status", "message/global-delivery-status"}
_REPORTS = {"disposition-notification", "delivery-status"}


def is_notice(message: Entity) -> bool:
    """Whether the message is a notification, even one that says nothing understood. Never raises."""
    if message.media_type != "multipart/report":
        return message.media_type in MDN | DSN
    try:
        report = message.parameter("report-type").lower()
        return report in _REPORTS or (
            not report and any(each.media_type in MDN | DSN for each in report_parts(message))
        )
    except MimeError:
        return True  # a report that cannot be read is not one to be answered


def report_parts(message: Entity) -> list[Entity]:
    """The parts of a notification; itself, if it has none. Raises `MimeError`."""
    if message.media_type in MDN | DSN:
        return [message]
    return [read_part(each) for each in parts_of(message, unclosed=True) if each.strip()]
