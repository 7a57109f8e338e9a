"""The figures that take more than a moment: copies of an issue added up from its rows, and
subscriptions counted. They are counted anew only so often that this takes a fiftieth of the time.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
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

SHARE = 50  # a count that took a second is good for fifty


class Costly:
    """Owns what was counted, and until when that is good."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[str, tuple[float, Any]] = {}

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield all of them, counted now or a while ago."""
        yield self._copies(session)
        yield self._subscriptions(session)
        yield self._suppressions(session)

    def _once(self, name: str, count: Callable[[], Counter[tuple[str, ...]]]) -> Counter[Any]:
        clock = self._app.clock
        began = clock.monotonic()
        if name not in self._kept or began >= self._kept[name][0]:
            counted = count()
            ended = clock.monotonic()
            self._kept[name] = ended + SHARE * (ended - began), counted
        return self._kept[name][1]  # type: ignore[no-any-return]  # as `count` returned it

    def _copies(self, session: Session) -> Metric:
        family = gauge(
            "copies",
            "Copies of the issues that are being sent (open) and of the one sent last (last)",
            *("newsletter", "issue", "outcome"),
        )
        for configured in self._app.config.newsletters:
            slug = configured.slug
            counts = {
                "open": self._once(f"open {slug}", partial(_open, session, slug)),
                "last": self._once(f"last {slug}", partial(_last, session, slug)),
            }
            for which, counted in counts.items():
                for state in DeliveryState:
                    family.add_metric([slug, which, state.value], counted[state.value])
        return family

    def _subscriptions(self, session: Session) -> Metric:
        family = gauge("subscriptions", "Subscriptions by state", "newsletter", "state")
        counted = self._once("subscriptions", lambda: _count_subscriptions(session))
        for configured in self._app.config.newsletters:
            for state in SubscriptionState:
                family.add_metric([configured.slug, state.value], counted[configured.slug, state])
        return family

    def _suppressions(self, session: Session) -> Metric:
        family = gauge("suppressions", "Addresses that must not be mailed, by reason", "reason")
        counted = self._once("suppressions", lambda: _count_suppressions(session))
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
