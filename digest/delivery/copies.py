"""One reader's copy: the approved bytes of an issue, filled with what is this reader's own.

Everything slow (unpacking, encoding) happens once per issue; a copy costs microseconds. An address
is unsealed for the moment of one copy and kept nowhere.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.blocks import FULL, GREETING
from digest.clock import Clock
from digest.config import Config, NewsletterConfig, mirrors_of
from digest.delivery.backends.base import Envelope
from digest.delivery.dkim.signing import DkimSigner, load_signers, sign_canonical
from digest.delivery.message_ids import make_message_id
from digest.delivery.return_paths import Sent, around_token, plain_return_path, sign_number
from digest.errors import ConfigError, Refused
from digest.keys import Key, KeyRing
from digest.mirrors import PAGES, choose
from digest.models import Issue, Newsletter, StoredRendering
from digest.rendering.fingerprint import issue_hash
from digest.rendering.mime import CopyPress, Letterhead, is_plain_link
from digest.rendering.mirroring import fold, listed
from digest.rendering.personalise import ReaderValues, left_out
from digest.rendering.stored import Rendering
from digest.sealed import Sealer
from digest.tokens import Purpose, TokenSigner

OWN_LINKS = frozenset({"unsubscribe_url", "remind_later_url"})
NOTHING = frozenset[str]()
KEPT = 32  # issues, the newest; far more than ever have a chunk under way at once


class Copy(NamedTuple):
    """What a backend gets: the envelope and the message.

    The message is in pieces, most of them those of all copies, and joined only when it leaves:
    made ahead, its 60 kB would have left the processor's cache by then, with much else.
    """

    envelope: Envelope
    pieces: list[bytes]
    size: int  # bytes

    @property
    def message(self) -> bytes:
        """Return the whole message."""
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True)
class IssueCopies:
    """What all copies of one issue have in common."""

    message_key: Key
    host: str
    view_url: str
    leave_url: str  # a token follows
    later_url: str  # a token follows
    leave_by_mail: tuple[str, str] | None  # a token stands between; None: no mailbox of ours
    own: frozenset[str]  # slots whose links nobody needs to look at again
    mail_from: str
    returns: tuple[str, str] | None  # around the token of a return path; None: `mail_from` as it is
    presses: dict[str, CopyPress]  # by edition
    slots: frozenset[str]  # that any edition has
    signers: Sequence[DkimSigner]


def load_renderings(session: Session, issue: Issue) -> list[Rendering]:
    """Return the renderings of an issue's approved version.

    Refused unless their bytes hash to exactly what was approved.
    """
    rows = session.scalars(
        select(StoredRendering.document)
        .where(StoredRendering.issue_id == issue.id, StoredRendering.issue_version == issue.version)
        .order_by(StoredRendering.id)
    )
    renderings = [Rendering.from_bytes(document) for document in rows]
    if not renderings or issue_hash(renderings) != issue.approved_hash:
        raise Refused(f"number {issue.number}: the stored bytes are not those that were approved")
    return renderings


def choose_mirrors(session: Session, issue: Issue, config: Config) -> dict[str, list[str]] | None:
    """Return, by what is mirrored, the addresses that an issue's copies lead to: the first, and
    what to try next. None where nothing is mirrored.

    Only approved addresses, as the newsletter's last probe found them, then as they are configured
    now, then those that were taken out of the configuration. Errors are those of load_renderings.
    """
    approved = listed(load_renderings(session, issue))
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    configured = config.newsletter(newsletter.slug)
    present = choose(mirrors_of(configured, config.site_of(configured)), newsletter.mirror_order)
    return choose(approved, present) or None


class Copies:
    """Makes copies from ledger rows; remembers the issues it was prepared for."""

    def __init__(
        self, config: Config, keys: KeyRing, sealer: Sealer, signer: TokenSigner, clock: Clock
    ) -> None:
        self._config = config
        self._message_keys = {key.id: key for key in keys.message}
        self._sealer = sealer
        self._signer = signer
        self._clock = clock
        self._issues: dict[int, IssueCopies] = {}

    def prepare(self, session: Session, issue_id: int) -> None:
        """Load and encode an issue's renderings, once, the chosen mirrors in them; Refused when
        either is not what was approved.
        """
        if issue_id in self._issues:
            return
        while len(self._issues) >= KEPT:
            del self._issues[next(iter(self._issues))]
        issue = session.get_one(Issue, issue_id)
        slug = session.get_one(Newsletter, issue.newsletter_id).slug
        configured = self._config.newsletter(slug)
        mails = [r for r in load_renderings(session, issue) if r.is_mail]
        chosen = _chosen(issue, mails)
        presses = _presses(configured, issue, [fold(mail, chosen) for mail in mails])
        site = chosen.get(PAGES, [self._config.site_of(configured)])[0]
        self._issues[issue_id] = IssueCopies(
            message_key=self._message_key(issue.message_key_id or ""),
            host=configured.host,
            view_url=f"{site}/i/{issue.public_id}",
            leave_url=f"{site}/u/",
            later_url=f"{site}/later/",
            leave_by_mail=_leave_by_mail(configured),
            own=OWN_LINKS if is_plain_link(site) else NOTHING,
            mail_from=plain_return_path(configured),
            returns=around_token(configured),
            presses=presses,
            signers=load_signers(configured.dkim, configured.sender.address),
            slots=frozenset[str]().union(*(press.slots for press in presses.values())),
        )

    def _message_key(self, key_id: str) -> Key:
        if key_id not in self._message_keys:
            raise ConfigError(f"the key file lacks the message key {key_id}")
        return self._message_keys[key_id]

    def make(self, issue_id: int, row: Any) -> Copy:
        """Return the copy for a row of list_pending; BadInput when its address cannot be
        written.
        """
        issue = self._issues[issue_id]
        address = self._sealer.open(row.address_sealed)
        leave_url = issue.leave_url + self._signer.sign(Purpose.UNSUBSCRIBE, row.public_id)
        press = issue.presses.get(row.edition) or issue.presses[FULL]
        now = self._clock.now()
        head = press.head(
            to=address,
            message_id=make_message_id(issue.message_key, f"copy {row.id}", issue.host),
            date=now,
            unsubscribe_url=leave_url,
            leave_address=self._leave_address(issue, row.public_id),
        )
        body = press.body(self._values(issue, row, address, leave_url, now))
        if issue.signers:
            head = sign_canonical(issue.signers, head, body, now) + head
        pieces = [head, b"\r\n", *body]
        envelope = Envelope(self._mail_from(issue, row.id), address, f"delivery {row.id}", True)
        return Copy(envelope, pieces, sum(map(len, pieces)))

    def _mail_from(self, issue: IssueCopies, delivery_id: int) -> str:
        """Return where this copy comes back to if it cannot be delivered."""
        if issue.returns is None:
            return issue.mail_from
        before, behind = issue.returns
        return f"{before}{sign_number(self._signer, Sent.COPY, delivery_id)}{behind}"

    def _leave_address(self, issue: IssueCopies, public_id: str) -> str:
        """Return the address that this reader leaves by, or nothing."""
        if issue.leave_by_mail is None:
            return ""
        before, behind = issue.leave_by_mail
        return f"{before}{self._signer.sign_address(Purpose.LEAVE_BY_MAIL, public_id)}{behind}"

    def _values(
        self, issue: IssueCopies, row: Any, address: str, leave_url: str, now: datetime
    ) -> ReaderValues:
        slots = {"unsubscribe_url": leave_url, "view_url": issue.view_url, "address": address}
        hidden = left_out(row, now)
        if "remind_later_url" in issue.slots:
            token = self._signer.sign(Purpose.REMIND_LATER, row.public_id)
            slots["remind_later_url"] = issue.later_url + token
        if "first_name" in issue.slots:
            name = self._sealer.open(row.name_sealed).split() if row.name_sealed else []
            if name:
                slots["first_name"] = name[0]
            else:
                hidden |= {GREETING}
        return ReaderValues(slots, hidden, issue.own)


def _chosen(issue: Issue, mails: Sequence[Rendering]) -> dict[str, list[str]]:
    """Return what was chosen for what is mirrored; `fold` judges whether it may be."""
    usual = choose(listed(mails), None)
    return {of: (issue.mirrors or {}).get(of, addresses) for of, addresses in usual.items()}


def _presses(
    configured: NewsletterConfig, issue: Issue, renderings: Sequence[Rendering]
) -> dict[str, CopyPress]:
    return {r.edition: CopyPress(r, _letterhead(configured, issue, r.edition)) for r in renderings}


def _letterhead(configured: NewsletterConfig, issue: Issue, edition: str) -> Letterhead:
    answer_to = configured.reply_to or configured.sender.address
    return Letterhead(
        from_name=configured.sender.name,
        from_address=configured.sender.address,
        list_name="" if configured.guarded else configured.name,
        list_id=f"{configured.slug}.{configured.host}",
        feedback_id=f"{issue.number}:{configured.slug}:{edition}:{_sender_id(configured.host)}",
        reply_to=configured.reply_to or "",
        leave_address=f"{answer_to}?subject=unsubscribe",
    )


def _leave_by_mail(configured: NewsletterConfig) -> tuple[str, str] | None:
    """Return what stands around the token in the address to leave by."""
    if configured.mailbox is None:
        return None
    before, at, domain = configured.mailbox.with_extension("leave.").partition("@")
    return before, at + domain


def _sender_id(host: str) -> str:
    """Return a stable id of 10 characters, as Feedback-ID wants one of 5 to 15."""
    return hashlib.sha256(host.encode()).hexdigest()[:10]
