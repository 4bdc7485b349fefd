"""Name constraints (RFC 5280 §4.2.1.10): for which names an authority in the chain may vouch."""

from collections.abc import Iterable, Iterator
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.email.certificates import extension
from adapters.email.reasons import refuse


def require_permitted(path: tuple[x509.Certificate, ...]) -> None:
    """Raises `NotAccepted` (`name-constraint`) if an authority in the path constrains a name below it away."""
    for position, issuer in enumerate(path[1:], 1):
        constraints = extension(issuer, x509.NameConstraints)
        if constraints is None:
            continue
        for certificate in path[:position]:
            for name in _names(certificate):
                _require_within(name, constraints)


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    named = extension(certificate, x509.SubjectAlternativeName)
    yield from named or ()
    if list(certificate.subject):
        yield x509.DirectoryName(certificate.subject)
    for each in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        if "@" in str(each.value):
            yield x509.RFC822Name(str(each.value))


def _require_within(name: x509.GeneralName, constraints: x509.NameConstraints) -> None:
    permitted = _of_kind(constraints.permitted_subtrees or (), name)
    excluded = _of_kind(constraints.excluded_subtrees or (), name)
    if any(_within(name.value, each.value) for each in excluded):
        refuse("name-constraint")
    if permitted and not any(_within(name.value, each.value) for each in permitted):
        refuse("name-constraint")


def _of_kind(subtrees: Iterable[x509.GeneralName], name: x509.GeneralName) -> list[x509.GeneralName]:
    return [each for each in subtrees if type(each) is type(name)]


def _within(name: Any, subtree: Any) -> bool:
    if isinstance(name, x509.Name) and isinstance(subtree, x509.Name):
        return name.rdns[: len(subtree.rdns)] == subtree.rdns
    if not isinstance(name, str) or not isinstance(subtree, str):
        # Another kind of name under a constraint of its kind: not for mail, so neither in nor out is certain.
        refuse("name-constraint")
    name, subtree = name.lower(), subtree.lower()
    if "@" in name:
        return _mailbox_within(name, subtree)
    return not subtree or name == subtree.removeprefix(".") or name.endswith("." + subtree.removeprefix("."))


def _mailbox_within(mailbox: str, subtree: str) -> bool:
    """A subtree is one mailbox, all of a host, or with a leading dot all hosts of a domain."""
    if "@" in subtree:
        return mailbox == subtree
    host = mailbox.rpartition("@")[2]
    return not subtree or (host.endswith(subtree) if subtree.startswith(".") else host == subtree)
