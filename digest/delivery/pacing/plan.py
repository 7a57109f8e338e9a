"""When an issue's last copy would leave, for its readers of now: reads what the forecast needs.

Never writes. It speaks of one issue through its newsletter's own relay, as if nothing else were
under way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.clock import Schedule, morning_in
from digest.config import Config, NewsletterConfig
from digest.delivery.ledger.corrected import got_it
from digest.delivery.pacing.allowances import list_uses
from digest.delivery.pacing.forecast import Forecast, Waiting, forecast
from digest.models import Subscription
from digest.subscribers.audience import mailable


@dataclass(frozen=True, slots=True)
class Readers:
    """So many readers of one domain group in one time zone; None: not known."""

    timezone: str | None
    domain_group: str
    count: int


def audience_by_group(
    session: Session, newsletter_id: int, now: datetime, *, corrects: int | None = None
) -> list[Readers]:
    """Return whom an issue frozen at `now` would go to, counted by time zone and domain group; of a
    correction, of the issue `corrects`.
    """
    columns = (Subscription.timezone, Subscription.domain_group)
    wanted = select(*columns, func.count()).where(mailable(newsletter_id, now))
    if corrects is not None:
        wanted = wanted.where(got_it(corrects))
    rows = session.execute(wanted.group_by(*columns))
    return [Readers(*row) for row in rows]


def forecast_issue(
    session: Session,
    config: Config,
    newsletter: NewsletterConfig,
    readers: Sequence[Readers],
    *,
    start: datetime,
    local_date: date | None,
) -> Forecast:
    """Return when the last copy leaves of an issue that starts at `start`.

    `local_date` is the date of its slot, on which readers have their morning where the newsletter
    says so; None for an extra, whose readers need not wait.
    """
    schedule = newsletter.schedule.as_schedule()
    return forecast(
        _waiting(readers, schedule, start, local_date),
        newsletter.relay,
        config.relays[newsletter.relay],
        start=start,
        used=list_uses(session, newsletter.relay, start - timedelta(days=1)),
    )


def _waiting(
    readers: Sequence[Readers], schedule: Schedule, start: datetime, local_date: date | None
) -> Iterator[Waiting]:
    mornings: dict[str | None, datetime] = {}
    for part in readers:
        at = start
        if schedule.readers_morning and local_date is not None:
            if part.timezone not in mornings:
                mornings[part.timezone] = morning_in(schedule, local_date, part.timezone)
            at = mornings[part.timezone]
        yield Waiting(at, part.domain_group, part.count)
