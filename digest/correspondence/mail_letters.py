"""How readers do by mail what others do on pages: the sentences for our letters, and the two short
answers to who left or paused that way.

Texts only. No letter names the newsletter in its subject, nor anything that somebody wrote to us.
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


def confirm_address(
    correspondent: Correspondent, configured: NewsletterConfig, public_id: str
) -> str | None:
    """Return where an answer confirms a subscription, for a letter's Reply-To; None without a
    mailbox.
    """
    token = correspondent.signer.sign_address(Purpose.CONFIRM_BY_MAIL, public_id)
    return correspondent.mail_address(configured, f"confirm.{token}")


def ways_by_mail(
    correspondent: Correspondent,
    words: NullTranslations,
    configured: NewsletterConfig,
    public_id: str,
) -> list[str]:
    """Return the sentences that tell one reader how to pause and to leave without opening a page;
    none without a mailbox. The addresses in them are this reader's own.
    """
    leave = leave_address(correspondent, configured, public_id)
    pause = pause_address(correspondent, configured, public_id)
    if leave is None or pause is None:
        return []
    return [
        words.gettext(
            "To pause for four weeks without opening any page, send a mail to the address below. A"
            " number in its subject says for how many weeks instead.\n\n{address}"
        ).format(address=pause),
        words.gettext("To unsubscribe the same way, send a mail to:\n\n{address}").format(
            address=leave
        ),
        words.gettext(
            "These addresses are yours alone: whoever knows them can do the same in your name."
        ),
    ]


def confirm_by_answering(words: NullTranslations, configured: NewsletterConfig) -> list[str]:
    """Return the sentence that tells how to confirm without opening a page; none without a
    mailbox. The letter's Reply-To is `confirm_address`.
    """
    if configured.mailbox is None:
        return []
    return [words.gettext("Where that page does not open, answer this letter instead.")]


def left_letter(words: NullTranslations, join_address: str | None) -> NoticeText:
    """Return what is answered to who left by mail."""
    said = [words.gettext("You are unsubscribed: no further issue will come to this address.")]
    if join_address:
        back = words.gettext("To come back some day, send a mail to:\n\n{address}")
        said.append(back.format(address=join_address))
    return NoticeText(words.gettext("You are unsubscribed"), "\n\n".join(said))


def paused_letter(
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
