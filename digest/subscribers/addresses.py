"""From text to an e-mail address: syntax, the key its index is made of, and its domain group.

Never resolves a name and never repeats an address in an error. Plain ASCII goes through two
compiled regular expressions; internationalised addresses (RFC 6531, RFC 5890) and everything odd go
to email-validator.
"""

import re
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from digest.errors import BadInput

LONGEST = 254  # RFC 5321 section 4.5.3.1.3 allows 256 octets for the path, brackets included
LONGEST_LOCAL = 64  # RFC 5321 section 4.5.3.1.1
INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060"

# Names that never lead to a mailbox on the internet (RFC 6761); .test stays, rehearsals use it.
UNREACHABLE = frozenset({"arpa", "invalid", "local", "localhost", "onion"})

_ATOM = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!..--)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-zA-Z]{{2,63}}")

_GROUP_OF_DOMAIN = {
    "gmail.com": "google",
    "googlemail.com": "google",
    "msn.com": "microsoft",
    "ymail.com": "yahoo",
    "rocketmail.com": "yahoo",
    "icloud.com": "apple",
    "me.com": "apple",
    "mac.com": "apple",
    "mail.ru": "mailru",
    "bk.ru": "mailru",
    "inbox.ru": "mailru",
    "list.ru": "mailru",
    "ya.ru": "yandex",
    "proton.me": "proton",
    "protonmail.com": "proton",
    "pm.me": "proton",
    "web.de": "gmx",
}
_GROUP_OF_FAMILY = {
    "outlook": "microsoft",
    "hotmail": "microsoft",
    "live": "microsoft",
    "yahoo": "yahoo",
    "aol": "yahoo",
    "yandex": "yandex",
    "gmx": "gmx",
}
_COUNTRY_ENDING = re.compile(r"[a-z]{2,3}|(?:co|com|ne)\.[a-z]{2}")


class ParsedAddress(NamedTuple):
    """An address fit to be mailed.

    `address` keeps the local part as typed and has `ascii_domain` (lower-case, punycode) behind the
    @, so any relay can route it. `key` is what the index is made of: lower-case whole, so spellings
    of one mailbox meet.
    """

    address: str
    ascii_domain: str
    key: str
    domain_group: str

    @property
    def mailbox(self) -> str:
        """Return what the spellings that reach one mailbox share, as far as that is known: the key
        without a tag behind "+", and at Google without dots. For counting what a mailbox is sent;
        never for telling subscribers apart.
        """
        local, _, domain = self.key.rpartition("@")
        local = local.partition("+")[0] or local
        if self.domain_group == "google":
            local = local.replace(".", "") or local
        return f"{local}@{domain}"


def parse_address(text: str) -> ParsedAddress:
    """Return the address in `text`, blanks around it ignored; BadInput, which never repeats it,
    otherwise.
    """
    text = text.strip()
    if not text.isascii():
        text = text.strip(INVISIBLE).strip()
    local, _, written = text.partition("@")
    if len(text) > LONGEST or len(local) > LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return _parse_odd(text)
    domain, group = _plain_domain(written)
    if domain is None:
        return _parse_odd(text)
    return ParsedAddress(f"{local}@{domain}", domain, f"{local.lower()}@{domain}", group)


@lru_cache(maxsize=10_000)  # a few domains hold most mailboxes
def _plain_domain(written: str) -> tuple[str | None, str]:
    """Return a domain in lower case (None when it is not plain) and its group."""
    if not _DOMAIN.fullmatch(written):
        return None, ""
    domain = written.lower()
    if domain.rpartition(".")[2] in UNREACHABLE:
        raise BadInput("not an e-mail address that the internet can reach")
    return domain, domain_group(domain)


def _parse_odd(text: str) -> ParsedAddress:
    if len(text) > LONGEST or "@" not in text:
        raise BadInput("not an e-mail address")
    # Raised outside, our error has no cause: the library's own text repeats parts of the address.
    with suppress(EmailNotValidError, UnicodeError):
        found = validate_email(text, check_deliverability=False, strict=True, test_environment=True)
        local, domain = found.local_part, found.ascii_domain.lower()
        return ParsedAddress(
            f"{local}@{domain}", domain, f"{local.lower()}@{domain}", domain_group(domain)
        )
    raise BadInput("not an e-mail address")


def domain_group(domain: str) -> str:
    """Return the big mailbox provider behind a lower-case ASCII domain, or ``other``."""
    known = _GROUP_OF_DOMAIN.get(domain)
    if known is not None:
        return known
    family, _, ending = domain.partition(".")
    group = _GROUP_OF_FAMILY.get(family)
    return group if group is not None and _COUNTRY_ENDING.fullmatch(ending) else "other"
