"""What proves that an issue was sent: the ledger's equation, the bytes, what became of every copy;
and, for a publisher, of one reader's.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.delivery.evidence import issue_key, name_copies
from digest.delivery.ledger.shrinking import is_shrunk
from digest.delivery.ledger.sums import Sums, count_sums, verify_issue
from digest.delivery.ledger.tally import Tally, find_delivery, list_events, tally_rows
from digest.delivery.outcome import enhanced_status
from digest.editors.accounts import name_of_record
from digest.editors.audit import note
from digest.errors import ConfigError, Refused
from digest.models import Delivery, DeliveryEvent, Issue, IssueState, LedgerSum, Role
from digest.press.approval import list_renderings
from digest.rendering.fingerprint import issue_hash
from digest.subscribers.lifecycle import find_by_address
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

KEPT_SECONDS = 60.0
MOST_KEPT = 8  # issues
AT_ONCE = 50_000  # rows that a page adds up while somebody waits for it: a tenth of a second
BEGUN = (IssueState.SENDING, IssueState.SENT)


@dataclass(frozen=True, slots=True)
class Proof:
    """An issue added up at a moment."""

    at: datetime
    sums: Sums
    problems: list[str]  # none: every row is accounted for
    sent_hash: str  # of the stored bytes, from which every copy is made; empty: none are stored
    tally: Tally | None  # None: its rows are gone
    kept: LedgerSum | None  # what is left of them


class Proofs:
    """Adds issues up for who looks at them: one at a time, and none twice in a minute."""

    def __init__(self, instance: App) -> None:
        self._instance = instance
        self._kept = OrderedDict[int, tuple[float, IssueState, Proof]]()
        self._guard = Lock()

    def at_hand(self, opened: AnIssue) -> Proof | None:
        """Return an issue's proof, if that takes no time to speak of; None otherwise."""
        if opened.issue.audience_count <= AT_ONCE:
            return self.of(opened)
        return self._young(opened.issue)

    def of(self, opened: AnIssue, *, anew: bool = False) -> Proof:
        """Return an issue's proof, not older than a minute; with `anew` a new one."""
        with self._guard:
            proof = None if anew else self._young(opened.issue)
            if proof is None:
                with self._instance.db.read() as session:
                    proof = self._add_up(session, opened)
                self._kept[opened.issue.id] = time.monotonic(), opened.issue.state, proof
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            return proof

    def _young(self, issue: Issue) -> Proof | None:
        since, state, proof = self._kept.get(issue.id, (0.0, issue.state, None))
        young = time.monotonic() - since < KEPT_SECONDS and state is issue.state
        return proof if young else None

    def _add_up(self, session: Session, opened: AnIssue) -> Proof:
        app, issue, now = self._instance, opened.issue, self._instance.clock.now()
        kept = session.get(LedgerSum, issue.id)
        began = issue.sending_at or now
        renderings = list_renderings(session, issue)
        return Proof(
            now,
            count_sums(session, issue.id, app.keys),
            verify_issue(session, issue.id, app.keys),
            issue_hash(renderings) if renderings else "",
            None if kept else tally_rows(session, issue.id, began, issue.sent_at or now),
            kept,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one reader's copy; `row` None: the issue does not go to them."""

    row: Delivery | None
    events: list[DeliveryEvent]
    message_id: str
    status: str  # the enhanced status code in the relay's reply


@dataclass(frozen=True, slots=True)
class ProofPages:
    """The handlers of the send proof."""

    instance: App
    pages: DeskPages
    proofs: Proofs = field(repr=False)

    def show(self, request: Request, slug: str, number: RowId, anew: str = "") -> Response:
        """Show an issue's proof; added up anew where that is asked for."""
        opened = self._open(slug, number)
        if anew:
            self.proofs.of(opened, anew=True)
        return self._page(request, opened)

    def added_up(self, request: Request, slug: str, number: RowId) -> Response:
        """Return the proof as a part of the page, for a ledger that is long."""
        opened = self._open(slug, number)
        values: dict[str, Any] = {
            "proof": self.proofs.of(opened),
            "approvers": self._approvers(opened),
        }
        return self.pages.show("_proof.html", signed_of(request), opened=opened, **values)

    def search(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Show what became of the copy of exactly one address. It is in no address of ours, and in
        no record: only that somebody looked is.
        """
        opened = self._open(slug, number)
        app, now = self.instance, self.instance.clock.now()
        with app.db.read() as session:
            if is_shrunk(session, opened.issue.id):
                raise Refused(f"the rows of {opened.name} are gone: only its sums are left")
            found = self._find(session, opened, form.text("address"))
        with app.db.write() as session:
            note(session, signed_of(request).editor_id, "look a reader up", opened.name, now)
        return self._page(request, opened, found=found, asked=form.text("address"))

    def _find(self, session: Session, opened: AnIssue, address: str) -> Found | None:
        """Return what became of a copy; None when no reader has this address."""
        subscriber = find_by_address(session, self.instance.sealer, address)
        if subscriber is None:
            return None
        row = find_delivery(session, opened.issue.id, subscriber.id)
        if row is None:
            return Found(None, [], "", "")
        events = list(list_events(session, row.id))
        return Found(row, events, self._name_of(opened, row.id), enhanced_status(row.reply))

    def _name_of(self, opened: AnIssue, delivery_id: int) -> str:
        """Return a copy's Message-ID; empty where the key that makes them is gone."""
        try:
            key = issue_key(self.instance.keys, opened.issue)
        except ConfigError:
            return ""
        (name,) = name_copies([delivery_id], key, opened.configured.host)
        return name

    def _open(self, slug: str, number: int) -> AnIssue:
        app = self.instance
        with app.db.read() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
        if opened.issue.state not in BEGUN:
            raise Refused(f"{opened.name} is {opened.issue.state.value}: there is nothing to prove")
        return opened

    def _page(self, request: Request, opened: AnIssue, **values: Any) -> Response:
        signed = signed_of(request)
        with self.instance.db.read() as session:
            gone = is_shrunk(session, opened.issue.id)
        known: dict[str, Any] = {"found": None, "asked": "", **values}
        return self.pages.show(
            "send_proof.html",
            signed,
            opened=opened,
            proof=self.proofs.at_hand(opened),
            approvers=self._approvers(opened),
            is_shrunk=gone,
            may_search=signed.role.may(Role.PUBLISHER),
            **known,
        )

    def _approvers(self, opened: AnIssue) -> list[str]:
        sealer = self.instance.sealer
        with self.instance.db.read() as session:
            return [name_of_record(session, sealer, each) for each in _approvers(opened.issue)]


def _approvers(issue: Issue) -> list[str]:
    """Return who approved what was sent, the first of two first, as records have them."""
    first = [issue.first_by] if issue.first_hash == issue.approved_hash else []
    return list(dict.fromkeys([*first, *filter(None, [issue.approved_by])]))


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the send proof."""
    pages = ProofPages(desk.instance, desk.pages, Proofs(desk.instance))
    desk.look("/{slug}/{number}/proof", pages.show, Role.CONTRIBUTOR)
    desk.look("/{slug}/{number}/proof/added-up", pages.added_up, Role.CONTRIBUTOR)
    desk.act("/{slug}/{number}/proof/search", pages.search, Role.PUBLISHER)
