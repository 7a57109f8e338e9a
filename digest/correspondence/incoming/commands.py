"""What a letter asks of us: judged from its addresses and its subject alone, without looking
anything up.

Only a signed address names a reader. Whatever lacks one can do no more than have a letter sent to
whoever From names, as a public form can.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.config import NewsletterConfig
from digest.correspondence.incoming.letter import Letter
from digest.errors import BadInput
from digest.tokens import Purpose, TokenSigner

WEEKS, MOST_WEEKS = 4, 52
LONE_NUMBER = re.compile(r"\D*(\d{1,2})\D*")
# What people write who want to leave, in the languages that our letters are written in.
LEAVING = re.compile(
    r"""(?:unsubscribe|abbestell|abmeld|désabonn|désinscri|desuscri|cancelar\s+la\s+suscripción
        |отпис|відпис|إلغاء\s+الاشتراك|لغو\s+اشتراک)|^\s*(?:re\s*:\s*)?(?:leave|stop|baja)\W*$""",
    re.IGNORECASE | re.VERBOSE,
)


class Asked(enum.Enum):
    """What somebody wants."""

    JOIN = "join"
    CONFIRM = "confirm"
    LEAVE = "leave"
    PAUSE = "pause"
    WAYS = "ways"  # to be written how one leaves
    REPORT = "report"  # nothing: it tells of a message that failed, and was taken in
    KEPT = "kept"  # nothing that we understand: it came back, and is kept for a person
    AUTOMATIC = "automatic"  # nothing: no person wrote it
    TOO_MANY = "too many"  # what could be done for anybody, and was done too often
    UNKNOWN = "unknown"

    @property
    def is_for_a_person(self) -> bool:
        """Whether nothing was done, and somebody should look at it."""
        return self in {Asked.AUTOMATIC, Asked.TOO_MANY, Asked.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked: by a subscription's own signed address (`public_id`), or, for what anybody may
    ask, of these newsletters and for this address.
    """

    asked: Asked
    public_id: str = ""
    weeks: int = 0
    slugs: tuple[str, ...] = ()
    address: str = ""


SIGNED = {
    "leave": (Asked.LEAVE, Purpose.LEAVE_BY_MAIL),
    "confirm": (Asked.CONFIRM, Purpose.CONFIRM_BY_MAIL),
    "pause": (Asked.PAUSE, Purpose.PAUSE_BY_MAIL),
}


def understand(
    letter: Letter, newsletters: Sequence[NewsletterConfig], signer: TokenSigner
) -> Command:
    """Return what a letter asks of the newsletters that have a mailbox.

    To leave by one's own address is asked by anything but a report, for programs press that button
    too; everything else only by people.
    """
    if letter.is_report:
        return Command(Asked.REPORT)
    own = [configured for configured in newsletters if configured.mailbox is not None]
    signed = next(_signed(letter, own, signer), None)
    if signed is not None and signed.asked is Asked.LEAVE:
        return signed
    if letter.is_automatic:
        return Command(Asked.AUTOMATIC)
    return signed or next(_unsigned(letter, own), Command(Asked.UNKNOWN))


def _signed(
    letter: Letter, own: Sequence[NewsletterConfig], signer: TokenSigner
) -> Iterator[Command]:
    """Yield what is asked by addresses that we have signed."""
    for _, extension in _extensions(letter, own):
        verb, _, token = extension.partition(".")
        if verb in SIGNED:
            asked, purpose = SIGNED[verb]
            try:
                public_id = signer.read_address(purpose, token)
            except BadInput:
                continue
            weeks = _weeks(letter.subject) if asked is Asked.PAUSE else 0
            yield Command(asked, public_id, weeks)


def _unsigned(letter: Letter, own: Sequence[NewsletterConfig]) -> Iterator[Command]:
    """Yield what is asked for the address in From, which anybody can have written."""
    if letter.sender is None or _is_ours(letter.sender, own):
        return
    by_slug = {configured.slug: configured for configured in own}
    for place, extension in _extensions(letter, own):
        verb, _, slug = extension.partition(".")
        if verb == "join" and slug in by_slug and by_slug[slug].signup.open:
            yield Command(Asked.JOIN, slugs=(slug,), address=letter.sender)
        elif verb == "leave" or LEAVING.search(letter.subject):
            named = (slug,) if slug in by_slug else _served_at(place, own)
            yield Command(Asked.WAYS, slugs=named, address=letter.sender)


def _extensions(
    letter: Letter, own: Sequence[NewsletterConfig]
) -> Iterator[tuple[NewsletterConfig, str]]:
    """Yield what stands behind the separator of each of our addresses a letter is for, and for
    which newsletter's mailbox; nothing stands there in the bare address.
    """
    for recipient in letter.recipients:
        local, _, domain = recipient.partition("@")
        for configured in own:
            mailbox = configured.mailbox
            if mailbox is None or mailbox.address.partition("@")[2] != domain:
                continue
            name, _, extension = local.partition(mailbox.separator)
            if name == mailbox.local_part:
                yield configured, extension
                break


def _served_at(place: NewsletterConfig, own: Sequence[NewsletterConfig]) -> tuple[str, ...]:
    """Return the newsletters whose mailbox has the same address."""
    address = place.mailbox and place.mailbox.address
    return tuple(
        configured.slug
        for configured in own
        if configured.mailbox is not None and configured.mailbox.address == address
    )


def _is_ours(address: str, own: Sequence[NewsletterConfig]) -> bool:
    """Tell whether an address is one that we write from or read at: nobody joins by those."""
    small = address.lower()
    senders = {configured.sender.address.lower() for configured in own}
    return small in senders or any(_extensions(Letter((small,), None, ""), own))


def _weeks(subject: str) -> int:
    """Return for how many weeks somebody wants a pause: the only number in the subject."""
    found = LONE_NUMBER.fullmatch(subject)
    return min(max(int(found[1]), 1), MOST_WEEKS) if found else WEEKS
