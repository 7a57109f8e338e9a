"""Readers who got issues week by week, on each database, without any rendering or sending."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from digest.config import FeedbackConfig
from digest.db import Database
from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.finding import Keys
from digest.delivery.feedback.taking import Rules, Taken, take
from digest.delivery.message_ids import make_message_id
from digest.delivery.return_paths import Sent, sign_number
from digest.keys import KeyRing
from digest.models import (
    Delivery,
    DeliveryState,
    FeedbackEvent,
    Issue,
    IssueState,
    Newsletter,
    Origin,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.tokens import TokenSigner

BEGAN = datetime.fromisoformat("2026-09-04T07:00:00+00:00")
WEEK = timedelta(weeks=1)
HOST = "courier.example"


@dataclass
class Postbag:
    """A store with readers, its issues, and what is heard of them."""

    db: Database
    keys: KeyRing
    sealer: Sealer
    newsletters: dict[str, int] = field(default_factory=dict)
    issues: list[int] = field(default_factory=list)
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)

    @property
    def rules(self) -> Rules:
        hosts = dict.fromkeys(self.newsletters, HOST)
        signer = TokenSigner(self.keys)
        return Rules(Keys(self.keys, self.sealer, signer, hosts), self.feedback)

    def add_newsletter(self, slug: str) -> None:
        with self.db.write() as session:
            row = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=BEGAN)
            session.add(row)
            session.flush()
            self.newsletters[slug] = row.id

    def add_reader(self, address: str, slug: str = "weekly") -> int:
        """Add an active reader of one newsletter, or that newsletter to a reader."""
        with self.db.write() as session:
            index = self.sealer.index(address)
            reader = session.scalar(select(Subscriber).where(Subscriber.address_index == index))
            if reader is None:
                reader = Subscriber(
                    public_id=f"p{index.hex()[:12]}",
                    address_index=index,
                    address_sealed=self.sealer.seal(address),
                    created_at=BEGAN,
                )
                session.add(reader)
                session.flush()
            session.add(
                Subscription(
                    public_id=f"s{reader.id}{slug}",
                    subscriber_id=reader.id,
                    newsletter_id=self.newsletters[slug],
                    state=SubscriptionState.ACTIVE,
                    domain_group="other",
                    joined_at=BEGAN,
                    changed_at=BEGAN,
                )
            )
            return reader.id

    def send(
        self,
        reader: int,
        *,
        slug: str = "weekly",
        weeks: float | None = None,
        state: DeliveryState = DeliveryState.ACCEPTED,
        queue_id: str = "",
    ) -> int:
        """Send the reader one more issue, a week after the last; return the row's number."""
        at = BEGAN + (len(self.issues) if weeks is None else weeks) * WEEK
        with self.db.write() as session:
            number = len(self.issues) + 1
            issue = Issue(
                public_id=f"issue{number}",
                newsletter_id=self.newsletters[slug],
                number=number,
                state=IssueState.SENT,
                topper={},
                quote={},
                numbers=[],
                created_at=at,
                sending_at=at,
                sent_at=at,
                message_key_id=self.keys.message[0].id,
            )
            session.add(issue)
            session.flush()
            self.issues.append(issue.id)
            row = Delivery(
                issue_id=issue.id,
                subscriber_id=reader,
                state=state,
                origin=Origin.AUDIENCE,
                edition="full",
                domain_group="other",
                not_before=at,
                attempt=1,
                dotted_at=at,
                done_at=at,
                relay="main",
                queue_id=queue_id,
            )
            session.add(row)
            session.flush()
            return row.id

    def token(self, row: int, sent: Sent = Sent.COPY) -> str:
        return sign_number(TokenSigner(self.keys), sent, row)

    def message_id(self, row: int) -> str:
        return make_message_id(self.keys.message[0], f"copy {row}", HOST)

    def sent_at(self, row: int) -> datetime:
        with self.db.read() as session:
            return session.get_one(Delivery, row).dotted_at or BEGAN

    def bounce(self, row: int, status: str = "4.2.2", **more: object) -> Taken:
        """Tell of a bounce an hour after the copy left, by its signed return path."""
        at = self.sent_at(row) + timedelta(hours=1)
        values = {"token": self.token(row), "event_id": f"{row}:{status}", **more}
        event = Feedback(FeedbackKind.BOUNCED, at, "", status=status, **values)  # type: ignore[arg-type]
        return self.take(event, trusted=False, now=at)

    def take(
        self,
        *events: Feedback,
        provider: str = "mail",
        trusted: bool = True,
        now: datetime | None = None,
    ) -> Taken:
        with self.db.write() as session:
            moment = now or max(event.at for event in events)
            return take(session, self.rules, provider, events, moment, trusted=trusted)

    def suppression(self, reader: int) -> Suppression | None:
        with self.db.read() as session:
            return session.scalar(
                select(Suppression)
                .join(Subscriber, Subscriber.address_index == Suppression.address_index)
                .where(Subscriber.id == reader)
            )

    def reason(self, reader: int) -> SuppressionReason | None:
        found = self.suppression(reader)
        return found.reason if found else None

    def states(self, reader: int) -> dict[str, SubscriptionState]:
        with self.db.read() as session:
            rows = session.execute(
                select(Newsletter.slug, Subscription.state)
                .join(Subscription, Subscription.newsletter_id == Newsletter.id)
                .where(Subscription.subscriber_id == reader)
            )
            return dict(rows.all())

    def row_state(self, row: int) -> DeliveryState:
        with self.db.read() as session:
            return session.get_one(Delivery, row).state

    def set_state(self, row: int, state: DeliveryState) -> None:
        with self.db.write() as session:
            session.execute(update(Delivery).where(Delivery.id == row).values(state=state))

    def events(self) -> list[FeedbackEvent]:
        with self.db.read() as session:
            return list(session.scalars(select(FeedbackEvent).order_by(FeedbackEvent.id)))
