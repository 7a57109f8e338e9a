"""How readers do by mail what others do on pages: a paragraph for our notices, and the two short
answers to who left or paused that way.

Texts only. No notice names the newsletter in its subject, nor anything that somebody wrote to us.
"""

from datetime import datetime
from gettext import NullTranslations

from digest.config import NewsletterConfig
from digest.correspondence.correspondent import Correspondent
from digest.outbox import NoticeText
from digest.rendering.written import date_line
from digest.tokens import Purpose


def leave_address(
    correspondent: Correspondent, configured: NewsletterConfig, public_id: str
) -> str | None:
    """Return the address by which this reader leaves; None without a mailbox."""
    token = correspondent.signer.sign_address(Purpose.LEAVE_BY_MAIL, public_id)
    return correspondent.mail_address(configured, f"leave.{token}")


def pause_address(
    correspondent: Correspondent, configured: NewsletterConfig, public_id: str
) -> str | None:
    """Return the address by which this reader pauses; None without a mailbox."""
    token = correspondent.signer.sign_address(Purpose.PAUSE_BY_MAIL, public_id)
    return correspondent.mail_address(configured, f"pause.{token}")


def ways_by_mail(
    correspondent: Correspondent,
    words: NullTranslations,
    configured: NewsletterConfig,
    public_id: str,
) -> str:
    """Return the paragraph that tells one reader how to leave and to pause where pages do not open,
    by addresses that are theirs alone; nothing without a mailbox.
    """
    if configured.mailbox is None:
        return ""
    leave = leave_address(correspondent, configured, public_id)
    pause = pause_address(correspondent, configured, public_id)
    said = words.gettext("Where our pages do not open, an empty mail does it. To leave: {leave}")
    also = words.gettext("To pause for four weeks, or as many as the subject says: {pause}")
    return f"{said.format(leave=leave)}\n{also.format(pause=pause)}"


def left_notice(words: NullTranslations, join_address: str | None) -> NoticeText:
    """Return what is answered to who left by mail."""
    said = [words.gettext("You are unsubscribed: no further issue will come to this address.")]
    if join_address:
        back = words.gettext("To come back some day, send a mail to:\n\n{address}")
        said.append(back.format(address=join_address))
    return NoticeText(words.gettext("You are unsubscribed"), "\n\n".join(said))


def paused_notice(
    words: NullTranslations, language: str, until: datetime, leave: str | None
) -> NoticeText:
    """Return what is answered to who paused by mail."""
    told = words.gettext(
        "Your subscription rests until {date}. Nothing comes before; after that, issues come again"
        " by themselves."
    )
    said = [told.format(date=date_line(until.date(), language))]
    if leave:
        gone = words.gettext("To unsubscribe instead, send a mail to:\n\n{address}")
        said.append(gone.format(address=leave))
    return NoticeText(words.gettext("Your subscription rests"), "\n\n".join(said))
