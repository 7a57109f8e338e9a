"""Return paths that say, signed, whose copy it is that comes back (VERP).

The sign stands behind the separator of the bounce address: a letter for what was sent (``c`` a
copy, ``n`` a notice), its number, a dot and 96 bits of a MAC, in small letters and digits, for mail
servers may change the case. It holds no address, and a stranger cannot make one: a bounce that
carries none, or a wrong one, counts against nobody.
"""

import enum
from collections.abc import Iterable

from digest.config import NewsletterConfig
from digest.errors import BadInput
from digest.tokens import LETTER_PAIRS, LETTERS, NOT_VALID, Purpose, TokenSigner

VALUES = {letter: value for value, letter in enumerate(LETTERS)}
MOST_DIGITS = 14  # 70 bits: more than any row's number needs


class Sent(enum.StrEnum):
    """What was sent; the value is its letter in the return path."""

    COPY = "c"
    NOTICE = "n"


def return_path(signer: TokenSigner, configured: NewsletterConfig, sent: Sent, number: int) -> str:
    """Return the envelope sender of one message: signed where bounces have a mailbox of their own,
    else the newsletter's plain one.
    """
    around = around_token(configured)
    if around is None:
        return plain_return_path(configured)
    before, behind = around
    return f"{before}{sign_number(signer, sent, number)}{behind}"


def plain_return_path(configured: NewsletterConfig) -> str:
    """Return the envelope sender of what nobody looks up when it comes back."""
    if configured.bounces is not None:
        return configured.bounces.address
    return configured.bounce_address or configured.sender.address


def around_token(configured: NewsletterConfig) -> tuple[str, str] | None:
    """Return what stands before and behind the token in a return path; None where none is
    signed.
    """
    if configured.bounces is None:
        return None
    before, at, domain = configured.bounces.with_extension("").partition("@")
    return before, at + domain


def token_in(addresses: Iterable[str], newsletters: Iterable[NewsletterConfig]) -> str:
    """Return what stands behind the separator of the first address that is one of our return paths;
    empty where none is. It is not looked at whether we have signed it.
    """
    paths = [around for each in newsletters if (around := around_token(each)) is not None]
    for address in addresses:
        small = address.lower()
        for before, behind in paths:
            if small.startswith(before) and small.endswith(behind):
                return small[len(before) : len(small) - len(behind)]
    return ""


def comes_back(addresses: Iterable[str], newsletters: Iterable[NewsletterConfig]) -> bool:
    """Tell whether one of these addresses is where copies come back to, with a token or without."""
    own = list(newsletters)
    bare = {each.bounces.address for each in own if each.bounces is not None}
    small = [address.lower() for address in addresses]
    return bool(token_in(small, own)) or not bare.isdisjoint(small)


def sign_number(signer: TokenSigner, sent: Sent, number: int) -> str:
    """Return the token for a row of the ledger or of the outbox."""
    return signer.sign_address(Purpose.RETURN_PATH, sent + _written(number))


def read_token(signer: TokenSigner, token: str) -> tuple[Sent, int]:
    """Return what a token names, whatever case it came back in; BadInput when it is not ours."""
    name = signer.read_address(Purpose.RETURN_PATH, token)
    kind, digits = name[:1], name[1:]
    if kind not in set(Sent) or not 0 < len(digits) <= MOST_DIGITS:
        raise BadInput(NOT_VALID)
    number = 0
    for digit in digits:
        number = number << 5 | VALUES[digit]
    return Sent(kind), number


def _written(number: int) -> str:
    """Return a number above zero in base 32, two letters at a time: every copy carries one."""
    text = LETTER_PAIRS[number & 1023]
    while number := number >> 10:
        text = LETTER_PAIRS[number & 1023] + text
    return text
