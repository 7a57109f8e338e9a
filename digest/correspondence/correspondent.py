"""Whoever writes to readers: the words of their language, the keys for their links, the outbox."""

from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config, NewsletterConfig, pages_at
from digest.errors import RenderingFailed
from digest.models import Newsletter
from digest.outbox import NoticeText, enqueue
from digest.rendering.catalogues import Catalogues
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.tokens import TokenSigner


@dataclass(frozen=True, slots=True)
class Correspondent:
    """What every letter to a reader needs. Writes into the outbox in the caller's transaction."""

    config: Config
    sealer: Sealer
    signer: TokenSigner
    catalogues: Catalogues

    def words(self, language: str | None, configured: NewsletterConfig) -> NullTranslations:
        """Return what translates a letter: the reader's language, or else the newsletter's; English
        where a catalogue cannot be read.
        """
        try:
            return self.catalogues.words(language or configured.language)
        except RenderingFailed:
            return NullTranslations()

    def write(
        self,
        session: Session,
        configured: NewsletterConfig,
        *,
        kind: str,
        address: str,
        text: NoticeText,
        dedupe_key: str,
        now: datetime,
        reply_to: str | None = None,
    ) -> bool:
        """Put a letter to one reader into the outbox; False when one with this key was there."""
        return enqueue(
            session,
            self.sealer,
            kind=kind,
            newsletter_slug=configured.slug,
            address=address,
            text=text,
            dedupe_key=dedupe_key,
            now=now,
            address_index=self.sealer.index(parse_address(address).key),
            reply_to=reply_to,
        )

    def site(self, session: Session, configured: NewsletterConfig) -> str:
        """Return the address, without a slash, that a letter's links begin with: the first mirror
        of the reader pages as a probe last found them, or where the pages are.
        """
        order = session.scalar(
            select(Newsletter.mirror_order).where(Newsletter.slug == configured.slug)
        )
        return pages_at(self.config, configured, order)

    def mail_address(self, configured: NewsletterConfig, extension: str) -> str | None:
        """Return the address of our mailbox that carries `extension`, such as
        ``friday+join.weekly@courier.example``; None when this newsletter has no mailbox.
        """
        mailbox = configured.mailbox
        return mailbox.with_extension(extension) if mailbox else None
