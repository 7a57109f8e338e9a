"""The notices behind the settings: a new address, told to both mailboxes, and the last question
before everything is erased.

Texts only: each notice says what was asked for, what the link does, and what happens when nobody
follows it. None names the newsletter, an address or anything that somebody typed.
"""

from gettext import NullTranslations

from digest.outbox import NoticeText

DAYS = 7  # that a change of address waits for both mailboxes


def move_from_notice(words: NullTranslations, link: str) -> NoticeText:
    """Return what the old mailbox gets."""
    body = words.gettext(
        "Somebody with the settings of this subscription open asked that it go to another address"
        " from now on. If it was you, agree here:\n\n{link}\n\nThe other mailbox is asked as well."
        " Only when both have agreed within {days} days is anything changed. If it was not you,"
        " ignore this letter: everything stays as it is."
    )
    subject = words.gettext("Shall your subscription move to another address?")
    return NoticeText(subject, body.format(link=link, days=DAYS))


def move_to_notice(words: NullTranslations, link: str) -> NoticeText:
    """Return what the new mailbox gets."""
    body = words.gettext(
        "Somebody asked that their subscription come to this address from now on. If it was you,"
        " agree here:\n\n{link}\n\nThe present mailbox is asked as well. Only when both have agreed"
        " within {days} days is anything changed. If it was not you, ignore this letter: nothing"
        " will come to this address."
    )
    subject = words.gettext("Shall a subscription move to this address?")
    return NoticeText(subject, body.format(link=link, days=DAYS))


def in_use_notice(words: NullTranslations) -> NoticeText:
    """Return what the new mailbox gets when it has a subscription of its own."""
    body = words.gettext(
        "Somebody asked that their subscription come to this address from now on. This address has"
        " a subscription of its own, so nothing was changed. If it was you: erase this address"
        " first, in its own settings, and tick there that we forget that it must not be mailed."
    )
    return NoticeText(words.gettext("This address is subscribed already"), body)


def erase_notice(words: NullTranslations, link: str) -> NoticeText:
    """Return the last question before a reader is erased."""
    body = words.gettext(
        "Somebody with the settings of this subscription open asked us to erase everything we hold"
        " about you. If it was you, confirm it within an hour:\n\n{link}\n\nIt cannot be undone."
        " If it was not you, ignore this letter: nothing is erased."
    )
    subject = words.gettext("Shall we erase everything we hold about you?")
    return NoticeText(subject, body.format(link=link))
