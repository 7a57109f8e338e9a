"""The states and kinds that rows may be in; their values are what the database keeps."""

import enum


class SubscriptionState(enum.StrEnum):
    """pending → active ⇄ paused → unsubscribed."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(enum.StrEnum):
    """Why an address must not be mailed, whatever the subscription."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


class FeedbackVerdict(enum.StrEnum):
    """What followed from something that came back."""

    UNATTRIBUTED = "unattributed"  # nobody can say whose copy it is, or nobody proves it
    NOTED = "noted"  # kept, and nothing more: not about the reader, or overtaken
    SCORED = "scored"  # counts against the address
    SUSPENDED = "suspended"
    SUPPRESSED = "suppressed"
    LEFT = "left"


class ImportState(enum.StrEnum):
    """staged → merging → done; a staged one may be abandoned."""

    STAGED = "staged"
    MERGING = "merging"
    DONE = "done"
    ABANDONED = "abandoned"


class ArticleState(enum.StrEnum):
    """In the inbox, or set aside by an editor."""

    NEW = "new"
    DISMISSED = "dismissed"


class Layout(enum.StrEnum):
    """How a pick is set."""

    LEAD = "lead"
    COLUMN = "column"
    BRIEF = "brief"


class IssueState(enum.StrEnum):
    """draft → approved → sending → sent; cancelled from draft or approved."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"


class SlotState(enum.StrEnum):
    """planned → fired, held (nothing approved), missed (too late) or skipped (holiday)."""

    PLANNED = "planned"
    FIRED = "fired"
    HELD = "held"
    MISSED = "missed"
    SKIPPED = "skipped"


class DeliveryState(enum.StrEnum):
    """pending → dotted → accepted, rejected or uncertain; pending → skipped, expired or
    rejected.
    """

    PENDING = "pending"
    DOTTED = "dotted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


class Origin(enum.StrEnum):
    """How a subscriber came into an issue's ledger."""

    AUDIENCE = "audience"
    JOINED = "joined"


class NoticeState(enum.StrEnum):
    """waiting → accepted or failed."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    FAILED = "failed"


class RequestKind(enum.StrEnum):
    """What a request asks for: to join, or a link to one's settings."""

    JOIN = "join"
    SETTINGS = "settings"


class LeaveReason(enum.StrEnum):
    """Why somebody left, where they cared to say."""

    TOO_MUCH = "too-much"
    NOT_FOR_ME = "not-for-me"
    NEVER_ASKED = "never-asked"
    UNSAFE = "unsafe"
    OTHER_ADDRESS = "other-address"
    OTHER = "other"


class Role(enum.StrEnum):
    """What an editor may do at the desk; each may what those before it may."""

    CONTRIBUTOR = "contributor"  # brings articles in, picks and writes
    EDITOR = "editor"  # approves
    PUBLISHER = "publisher"  # schedules, sends, looks readers up
    OPERATOR = "operator"  # says who else may

    @property
    def rank(self) -> int:
        """Return its place, from 0."""
        return list(Role).index(self)

    def may(self, needed: "Role") -> bool:
        """Tell whether this role may what `needed` may."""
        return self.rank >= needed.rank
