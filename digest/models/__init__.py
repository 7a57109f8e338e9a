"""Every table: columns, enums, constraints; no behaviour. Each table names its one writer.

Personal values are only in columns called ``…_sealed`` (AES-GCM) and ``…_index`` (HMAC); see
sealed.py. JSON columns hold plain data in the shape their writer documents. Instants are UTC.
"""

from digest.models.base import Base
from digest.models.desk import AuditEntry, BoardChange, DeskSession, Editor, RecoveryCode
from digest.models.door import AddressChange, LeaveCount, PublicHit, ReaderRequest, SpentLink
from digest.models.editing import (
    Article,
    ArticleWatch,
    Correction,
    Issue,
    Newsletter,
    Pick,
    Section,
    Slot,
    Source,
    StoredRendering,
)
from digest.models.hooks import UsedToken
from digest.models.media import Picture, PicturePrint
from digest.models.readers import (
    ConsentEvent,
    ConsentText,
    Import,
    Subscriber,
    Subscription,
    Suppression,
)
from digest.models.returned import FeedbackEvent, KeptMessage, Suspension
from digest.models.sending import (
    Chunk,
    Delivery,
    DeliveryEvent,
    InstanceValue,
    LedgerSum,
    Notice,
    RelayPace,
    RelaySeat,
    RelayStanding,
    RelayUse,
    Tombstone,
)
from digest.models.states import (
    ArticleState,
    DeliveryState,
    FeedbackVerdict,
    ImportState,
    IssueState,
    Layout,
    LeaveReason,
    NoticeState,
    Origin,
    RequestKind,
    Role,
    SlotState,
    SubscriptionState,
    SuppressionReason,
)
from digest.models.tallies import ReaderDay

__all__ = [
    "AddressChange",
    "Article",
    "ArticleState",
    "ArticleWatch",
    "AuditEntry",
    "Base",
    "BoardChange",
    "Chunk",
    "ConsentEvent",
    "ConsentText",
    "Correction",
    "Delivery",
    "DeliveryEvent",
    "DeliveryState",
    "DeskSession",
    "Editor",
    "FeedbackEvent",
    "FeedbackVerdict",
    "Import",
    "ImportState",
    "InstanceValue",
    "Issue",
    "IssueState",
    "KeptMessage",
    "Layout",
    "LeaveCount",
    "LeaveReason",
    "LedgerSum",
    "Newsletter",
    "Notice",
    "NoticeState",
    "Origin",
    "Pick",
    "Picture",
    "PicturePrint",
    "PublicHit",
    "ReaderDay",
    "ReaderRequest",
    "RecoveryCode",
    "RelayPace",
    "RelaySeat",
    "RelayStanding",
    "RelayUse",
    "RequestKind",
    "Role",
    "Section",
    "Slot",
    "SlotState",
    "Source",
    "SpentLink",
    "StoredRendering",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
    "Suspension",
    "Tombstone",
    "UsedToken",
]
