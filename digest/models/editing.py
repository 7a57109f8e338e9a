"""Tables about what is read: newsletters, articles, issues and their approved bytes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id, words_of
from digest.models.states import (
    ArticleState,
    IssueState,
    Layout,
    SlotState,
)


class Newsletter(Base):
    """What editors own of a publication; the configuration file owns the rest. Writer:
    curation.newsletters.
    """

    __tablename__ = "newsletters"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(41), unique=True)
    furniture: Mapped[dict[str, Any]]  # tagline, about, corrections_address, accent, appeal
    skip_dates: Mapped[list[Any]]  # ISO dates without an issue
    last_number: Mapped[int] = mapped_column(default=0)
    standing: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # which words of an issue the next draft begins with; None: the usual ones
    mirror_order: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # by what is mirrored: addresses as a probe found them, best first
    created_at: Mapped[datetime]


class Section(Base):
    """A heading under which picks stand. Writer: curation.newsletters."""

    __tablename__ = "sections"
    __table_args__ = (UniqueConstraint("newsletter_id", "heading"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    heading: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    put_away: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # no new picks; kept, because old issues and readers' wishes refer to it


class Source(Base):
    """Where articles come from. Writer: curation.source_list."""

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(200))  # plug-in name: feed, page, or pkg.mod:Class
    url: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    etag: Mapped[str | None] = mapped_column(Text)
    last_modified: Mapped[str | None] = mapped_column(Text)
    polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class Article(Base):
    """One thing that came in, or was typed in. Writer: curation.inbox."""

    __tablename__ = "articles"
    __table_args__ = (Index("ix_articles_inbox", "state", "published_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"), index=True)
    canonical_url: Mapped[str] = mapped_column(Text, unique=True)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(Text, default="")
    site_name: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(35), default="")
    categories: Mapped[list[Any]]
    body_html: Mapped[str] = mapped_column(
        Text, default=""
    )  # cleaned full text where the source gives it
    image_url: Mapped[str] = mapped_column(Text, default="")
    image_alt: Mapped[str] = mapped_column(Text, default="")
    image_credit: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None]
    state: Mapped[ArticleState] = mapped_column(words_of(ArticleState))
    created_at: Mapped[datetime]


class Slot(Base):
    """The moment an issue is due; at most one per newsletter and local date. Writer:
    delivery.slots.
    """

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "local_date"),
        Index("ix_slots_due", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    local_date: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime]
    state: Mapped[SlotState] = mapped_column(words_of(SlotState))
    by_hand: Mapped[bool] = mapped_column(
        default=False
    )  # an editor set due_at; the schedule leaves it
    settled_at: Mapped[datetime | None]
    alerted: Mapped[list[Any]]  # which alerts went out: "24h", "1h"


class Issue(Base):
    """One dated number of a newsletter. Writer: curation.issues."""

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "number"),
        Index(
            "uq_issues_newsletter_id_slot_date",
            "newsletter_id",
            "slot_date",
            unique=True,
            sqlite_where=text("slot_date IS NOT NULL AND state <> 'cancelled'"),
            postgresql_where=text("slot_date IS NOT NULL AND state <> 'cancelled'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    number: Mapped[int]
    slot_date: Mapped[date | None] = mapped_column(Date)  # None: an extra
    state: Mapped[IssueState] = mapped_column(words_of(IssueState), index=True)
    version: Mapped[int] = mapped_column(default=1)  # goes up with every edit; compare-and-swap
    subject: Mapped[str] = mapped_column(String(500), default="")
    preheader: Mapped[str] = mapped_column(String(500), default="")
    topper: Mapped[dict[str, Any]]  # text, signed
    quote: Mapped[dict[str, Any]]  # text, who
    numbers: Mapped[list[Any]]  # [figure, words] pairs
    appeal: Mapped[bool] = mapped_column(default=True)
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    # Where two must approve: what the first one did. It approves nothing by itself.
    first_hash: Mapped[str | None] = mapped_column(String(64))
    first_at: Mapped[datetime | None]
    first_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    send_at: Mapped[datetime | None]  # an extra's moment; issues with a slot take the slot's
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    audience_count: Mapped[int] = mapped_column(default=0)
    paused: Mapped[bool] = mapped_column(default=False)
    paused_why: Mapped[str] = mapped_column(String(300), default="", server_default="")
    stopped_at: Mapped[datetime | None]  # what was pending then is skipped
    message_key_id: Mapped[str | None] = mapped_column(String(20))
    preflight: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # the last report; writer: press.preflight
    mirrors: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # chosen when sending began: by what is mirrored, addresses in order
    # A correction: it goes to those whose copy of that issue was accepted. No foreign key: SQLite
    # would have to make the table anew for it, and no issue that was sent is ever deleted.
    corrects_id: Mapped[int | None] = mapped_column(Id, index=True)
    sums: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # what its rows added up to when its sending ended; see delivery.ledger.results
    created_at: Mapped[datetime]


class Correction(Base):
    """A note to readers of an issue that was sent, and where a wrong link of it should lead.
    Writer: curation.corrections.
    """

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"))  # whose pick
    right_url: Mapped[str] = mapped_column(Text, default="")  # empty: its link is right
    taken_back_at: Mapped[datetime | None]  # shown no more; a feed says that something changed


class Pick(Base):
    """An article placed in an issue, in the editor's words. Writer: curation.picks."""

    __tablename__ = "picks"
    __table_args__ = (UniqueConstraint("issue_id", "article_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), index=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"))
    position: Mapped[int]
    layout: Mapped[Layout] = mapped_column(words_of(Layout))
    headline: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text, default="")
    kicker: Mapped[str] = mapped_column(Text, default="")
    byline: Mapped[str] = mapped_column(Text, default="")
    image_url: Mapped[str] = mapped_column(Text, default="")
    image_alt: Mapped[str] = mapped_column(Text, default="")
    image_credit: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )  # the whole article, cleaned; empty: only the blurb is mailed
    ran_before_allowed: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )  # why it may run again; empty: nobody said so


class ArticleWatch(Base):
    """An article of an open issue as it was when it was picked and as it is now. Writer:
    curation.watches.
    """

    __tablename__ = "article_watches"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[datetime | None]  # None: not read yet
    next_at: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    seen_then: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # curation.drift.Seen: what was picked, or accepted since
    seen_now: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    findings: Mapped[list[Any]]  # curation.drift.Drift, the worst first


class StoredRendering(Base):
    """The immutable bytes of one edition, as approved. Writer: press.approval."""

    __tablename__ = "renderings"
    __table_args__ = (UniqueConstraint("issue_id", "issue_version", "edition", "language"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    issue_version: Mapped[int]
    edition: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(35))
    content_hash: Mapped[str] = mapped_column(String(64))
    document: Mapped[bytes]  # rendering.issue.Rendering.to_bytes()
    created_at: Mapped[datetime]
