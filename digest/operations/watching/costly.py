"""The figures that take more than a moment: copies of an issue added up from its rows, and
subscriptions counted. They are counted anew only so often that this takes a hundredth of the time.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.app import App
from digest.delivery.ledger.results import find_results
from digest.delivery.ledger.sums import Sums, count_sums
from digest.models import (
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.operations.watching.figures import gauge

SHARE = 100  # a count that took a second is good for a hundred
WAIT_SECONDS = 2.0  # of a scrape, which has ten; what is not counted by then is in a later one


class Costly:
    """Owns what was counted, and until when that is good. Counts in a thread of its own, so that no
    scrape takes as long as a million rows.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="counting")
        self._running: Future[None] | None = None
        self._kept: dict[str, Counter[Any]] = {}
        self._good_until: dict[str, float] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield all that were counted, now or a while ago; raises what went wrong with counting."""
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._refresh)
        with suppress(TimeoutError):
            self._running.result(WAIT_SECONDS)
        yield self._copies()
        yield self._subscriptions()
        yield self._suppressions()

    def close(self) -> None:
        """End the thread, once it has counted to the end."""
        self._thread.shutdown()

    def _refresh(self) -> None:
        """Count what is not good any more, each in a transaction of its own."""
        clock = self._app.clock
        for name, count in self._list_counts():
            began = clock.monotonic()
            if began >= self._good_until.get(name, began):
                with self._app.db.read() as session:
                    self._kept[name] = count(session)
                ended = clock.monotonic()
                self._good_until[name] = ended + SHARE * (ended - began)

    def _list_counts(self) -> Iterator[tuple[str, Callable[[Session], Counter[Any]]]]:
        yield "subscriptions", _count_subscriptions
        yield "suppressions", _count_suppressions
        for configured in self._app.config.newsletters:
            yield f"open {configured.slug}", partial(_open, slug=configured.slug)
            yield f"last {configured.slug}", partial(_last, slug=configured.slug)

    def _copies(self) -> Metric:
        family = gauge(
            "copies",
            "Copies of the issues that are being sent (open) and of the one sent last (last)",
            *("newsletter", "issue", "outcome"),
        )
        for configured, which in product(self._app.config.newsletters, ("open", "last")):
            counted = self._kept.get(f"{which} {configured.slug}")
            if counted is not None:
                for state in DeliveryState:
                    family.add_metric([configured.slug, which, state.value], counted[state.value])
        return family

    def _subscriptions(self) -> Metric:
        family = gauge("subscriptions", "Subscriptions by state", "newsletter", "state")
        counted = self._kept.get("subscriptions", Counter())
        for configured, state in product(self._app.config.newsletters, SubscriptionState):
            family.add_metric([configured.slug, state.value], counted[configured.slug, state])
        return family

    def _suppressions(self) -> Metric:
        family = gauge("suppressions", "Addresses that must not be mailed, by reason", "reason")
        counted = self._kept.get("suppressions", Counter())
        for reason in SuppressionReason:
            family.add_metric([reason.value], counted[reason])
        return family


def _open(session: Session, slug: str) -> Counter[Any]:
    total = Counter[Any]()
    for issue in session.scalars(_issues_of(slug, IssueState.SENDING)):
        total.update(_by_state(count_sums(session, issue.id)))
    return total


def _last(session: Session, slug: str) -> Counter[Any]:
    newest = _issues_of(slug, IssueState.SENT).order_by(Issue.sending_at.desc()).limit(1)
    total = Counter[Any]()
    for sums in find_results(session, session.scalars(newest).all()).values():
        total.update(_by_state(sums))
    return total


def _issues_of(slug: str, state: IssueState) -> Any:
    newsletter = select(Newsletter.id).where(Newsletter.slug == slug).scalar_subquery()
    return select(Issue).where(Issue.newsletter_id == newsletter, Issue.state == state)


def _by_state(sums: Sums) -> dict[str, int]:
    return {state.value: getattr(sums, state.value) for state in DeliveryState}


def _count_subscriptions(session: Session) -> Counter[Any]:
    rows = session.execute(
        select(Newsletter.slug, Subscription.state, func.count())
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .group_by(Newsletter.slug, Subscription.newsletter_id, Subscription.state)
    )
    return Counter({(slug, state): count for slug, state, count in rows})


def _count_suppressions(session: Session) -> Counter[Any]:
    rows = session.execute(select(Suppression.reason, func.count()).group_by(Suppression.reason))
    return Counter(dict(rows.all()))
