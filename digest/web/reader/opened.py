"""The opened settings: the one place where pages show a reader what we know of them.

They are opened by a freshly mailed link, once; each form carries a key that is good for an hour
after that, and for this reader alone. Whatever a form did, the settings are shown again, as they
are then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.correspondence.home import home_of
from digest.curation.newsletters import find_newsletter
from digest.errors import BadInput, Refused
from digest.models import Subscriber
from digest.subscribers.moving import find_change_of
from digest.subscribers.person import describe, find_subscriber, take_subscriber
from digest.tokens import Expired, Purpose
from digest.web.forms import PostedForm
from digest.web.pages import Masthead, Pages, find_masthead
from digest.web.reader.asking import ask_for_settings, asked
from digest.web.reader.cards import list_cards
from digest.web.reader.days import WEEKS
from digest.web.reader.zones import KNOWN, languages_by_name, zones_by_region

AN_HOUR = timedelta(hours=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Unfit(BadInput):
    """A field holds what cannot be; `field` names it for the page."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: cannot be")
        self.field = field


@dataclass(frozen=True, slots=True)
class Visit:
    """One post by a reader whose settings are open, in the transaction that does it."""

    session: Session
    subscriber: Subscriber
    form: PostedForm
    now: datetime


Act = Callable[[Visit], str]  # does it and names the note that says so; raises Unfit, Refused


@dataclass(frozen=True, slots=True)
class Opened:
    """What every page of the opened settings needs; BadInput and NotFound for a key that is not
    valid.
    """

    instance: App
    pages: Pages

    def key_for(self, subscriber_id: str) -> str:
        """Return what the forms of a reader, by public id, carry for an hour."""
        until = self.instance.clock.now() + AN_HOUR
        return self.instance.signer.sign_until(Purpose.SETTINGS, subscriber_id, until)

    def do(self, form: PostedForm, act: Act) -> Response:
        """Do what a form says in one transaction, and show the settings as they are then."""
        key = form.text("key")
        try:
            whose = self.read_key(key)
        except Expired:
            return self.over(Purpose.SETTINGS, key)
        said, wrong = "", ""
        try:
            with self.instance.db.write() as session:
                subscriber = take_subscriber(session, whose)
                said = act(Visit(session, subscriber, form, self.instance.clock.now()))
        except Unfit as error:
            wrong = error.field
        except Refused:
            wrong = "state"
        return self.show(whose, key, said=said, wrong=wrong, form=form)

    def read_key(self, key: str) -> str:
        """Return the public id of the subscriber a key is for; Expired when its hour is over."""
        return self.instance.signer.read_until(
            Purpose.SETTINGS, key, self.instance.clock.now()
        ).public_id

    def show(
        self,
        whose: str,
        key: str,
        *,
        said: str = "",
        wrong: str = "",
        form: PostedForm | None = None,
    ) -> Response:
        """Return the settings of a reader by public id; `said` names what was saved, `wrong` the
        field that could not be, of the newsletter that `form` is about.
        """
        config, now = self.instance.config, self.instance.clock.now()
        with self.instance.db.read() as session:
            subscriber = find_subscriber(session, whose)
            masthead = self.masthead(session, subscriber)
            person = describe(session, self.instance.sealer, subscriber)
            words = self.pages.words(masthead.language)
            cards = list_cards(session, config, subscriber, words, now)
            change = find_change_of(session, subscriber.id)
        tags = self.instance.templates.catalogues.languages()
        if person.language and person.language not in tags:
            tags.append(person.language)
        return self.pages.show(
            "opened.html",
            masthead,
            status={"": 200, "state": 409}.get(wrong, 400),
            key=key,
            person=person,
            cards=cards,
            weeks=WEEKS,
            languages=languages_by_name(tags),
            zones=zones_by_region(masthead.language),
            is_common=person.timezone in KNOWN,
            moving=change is not None,
            said=said,
            wrong=wrong,
            about=form.text("newsletter") if form else "",
            typed=form.text("other_timezone") if form and wrong == "timezone" else "",
        )

    def masthead(self, session: Session, subscriber: Subscriber) -> Masthead:
        """Return whose page it is: in the reader's language, under the newsletter that writes to
        them.
        """
        home = home_of(session, self.instance.config, subscriber)
        language = describe(session, self.instance.sealer, subscriber).language
        newsletter = find_newsletter(session, home.slug)
        return find_masthead(session, self.instance.config, newsletter.id, language)

    def over(self, purpose: Purpose, token: str) -> Response:
        """Say that a link, or an hour, is over, and offer a fresh letter to the same mailbox."""
        with self.instance.db.read() as session:
            masthead = self.masthead(session, self._whose(session, purpose, token))
        kind = "key" if purpose is Purpose.SETTINGS else "link"
        return self.pages.show("settings_over.html", masthead, status=410, kind=kind, token=token)

    def mail_afresh(self, purpose: Purpose, token: str, request: Request) -> Response:
        """Keep a request for a fresh link, to be mailed to the reader whose token was ours once."""
        config = self.instance.config
        with self.instance.db.read() as session:
            subscriber = self._whose(session, purpose, token)
            home = home_of(session, config, subscriber)
            masthead = self.masthead(session, subscriber)
            newsletter_id = find_newsletter(session, home.slug).id
        allowed = ask_for_settings(
            self.instance,
            request,
            newsletter_id=newsletter_id,
            address=self.instance.sealer.open(subscriber.address_sealed),
            language=None,
            origin="settings",
        )
        return asked(self.pages, masthead, allowed=allowed)

    def _whose(self, session: Session, purpose: Purpose, token: str) -> Subscriber:
        passing = self.instance.signer.read_until(purpose, token, LONG_AGO)
        return find_subscriber(session, passing.public_id)
