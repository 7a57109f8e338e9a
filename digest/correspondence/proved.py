"""Joining a further newsletter by somebody whose mailbox is proved: they have just come by a link
that was mailed to it.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.confirming import confirm_reader
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.terms import terms_of
from digest.curation.newsletters import find_newsletter
from digest.errors import ConfigError, Refused
from digest.models import Subscriber, Subscription
from digest.subscribers import suppression
from digest.subscribers.lifecycle import join
from digest.subscribers.person import describe


def join_proved(
    session: Session,
    correspondent: Correspondent,
    subscriber: Subscriber,
    configured: NewsletterConfig,
    *,
    language: str,
    now: datetime,
    origin: str,
) -> Subscription:
    """Subscribe a reader, active at once, with the evidence of asking and of confirming; `language`
    is the one the terms were shown in.

    Refused where a complaint, or an editor's hand, stands against mailing them, and where nobody
    can read what they would agree to.
    """
    person = describe(session, correspondent.sealer, subscriber)
    reason = suppression.find_reason(session, correspondent.sealer, person.address)
    if reason is not None and reason not in suppression.UNDONE_BY_CONFIRMING:
        raise Refused("this address must not be mailed")
    try:
        terms = terms_of(correspondent.words(language, configured), configured)
    except ConfigError as error:
        raise Refused("its privacy policy cannot be read") from error
    asked = join(
        session,
        correspondent.sealer,
        newsletter_id=find_newsletter(session, configured.slug).id,
        address=person.address,
        name=person.name,
        language=person.language,
        timezone=person.timezone,
        now=now,
        origin=origin,
        wording=terms.wording,
        policy=terms.policy.text if terms.policy else None,
        policy_version=terms.policy.version if terms.policy else None,
    )
    session.flush()
    return confirm_reader(session, correspondent, asked.public_id, now=now, origin=origin)
