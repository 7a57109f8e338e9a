"""What a reader changes in the opened settings, newsletter by newsletter or for all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.blocks import EDITIONS, WHOLE_TEXTS, section_block
from digest.config import NewsletterConfig
from digest.correspondence.proved import join_proved
from digest.curation.newsletters import find_newsletter, list_sections
from digest.errors import BadInput, ConfigError, NotFound, Refused
from digest.models import Subscription
from digest.subscribers.choices import ask_again, choose_parts, note_support
from digest.subscribers.lifecycle import hide_appeal, leave, pause, resume
from digest.subscribers.particulars import check_language, check_timezone
from digest.subscribers.person import change_person, list_own
from digest.tokens import Purpose
from digest.web.forms import Form
from digest.web.pages import Pages
from digest.web.reader.days import pause_end
from digest.web.reader.later import LATER, SUPPORTS
from digest.web.reader.opened import Act, Opened, Unfit, Visit

ORIGIN = "settings"


@dataclass(frozen=True, slots=True)
class Choices:
    """What each form does; Refused and Unfit say why it cannot be, NotFound for no such
    newsletter.
    """

    instance: App
    opened: Opened

    def _configured(self, visit: Visit) -> NewsletterConfig:
        try:
            return self.instance.config.newsletter(visit.form.text("newsletter"))
        except ConfigError as error:
            raise NotFound("no such newsletter") from error

    def _subscription(self, visit: Visit) -> tuple[Subscription, NewsletterConfig]:
        """Return the reader's own subscription that a form is about; Refused when there is none."""
        configured = self._configured(visit)
        newsletter_id = find_newsletter(visit.session, configured.slug).id
        for each in list_own(visit.session, visit.subscriber.id):
            if each.newsletter_id == newsletter_id:
                return each, configured
        raise Refused("not subscribed")

    def join(self, visit: Visit) -> str:
        """Subscribe to one more newsletter, at once: the mailbox was proved by the link."""
        configured = self._configured(visit)
        newsletter_id = find_newsletter(visit.session, configured.slug).id
        had = {each.newsletter_id for each in list_own(visit.session, visit.subscriber.id)}
        if not configured.signup.open or (configured.guarded and newsletter_id not in had):
            raise Refused("this newsletter takes nobody from here")
        join_proved(
            visit.session,
            self.instance.correspondent,
            visit.subscriber,
            configured,
            language=self.opened.masthead(visit.session, visit.subscriber).language,
            now=visit.now,
            origin=ORIGIN,
        )
        return "join"

    def leave(self, visit: Visit) -> str:
        """Unsubscribe from one newsletter."""
        subscription, _ = self._subscription(visit)
        leave(visit.session, subscription.public_id, now=visit.now, origin=ORIGIN)
        return "leave"

    def pause(self, visit: Visit) -> str:
        """Pause until a day."""
        subscription, configured = self._subscription(visit)
        try:
            zone = subscription.timezone or configured.schedule.timezone
            until = pause_end(visit.form, visit.now, zone)
        except BadInput as error:
            raise Unfit("day") from error
        public_id = subscription.public_id
        pause(visit.session, public_id, until=until, now=visit.now, origin=ORIGIN)
        return "pause"

    def resume(self, visit: Visit) -> str:
        """End a pause."""
        subscription, _ = self._subscription(visit)
        resume(visit.session, subscription.public_id, now=visit.now, origin=ORIGIN)
        return "resume"

    def parts(self, visit: Visit) -> str:
        """Set the edition, and which sections and whole articles a reader wants."""
        subscription, _ = self._subscription(visit)
        edition = visit.form.text("edition")
        if edition not in EDITIONS:
            raise Unfit("edition")
        wanted = set(visit.form.all("with"))
        without = _unwanted(visit.session, subscription.newsletter_id, wanted)
        choose_parts(
            visit.session,
            subscription.public_id,
            edition=edition,
            without=without,
            now=visit.now,
            origin=ORIGIN,
        )
        return "parts"

    def appeal(self, visit: Visit) -> str:
        """Set how the publisher's message is dealt with; never for a guarded newsletter."""
        subscription, configured = self._subscription(visit)
        if configured.guarded:
            raise Refused("a guarded newsletter keeps nothing about money")
        session, public_id = visit.session, subscription.public_id
        match visit.form.text("appeal"):
            case "ask":
                ask_again(session, public_id)
            case "later":
                hide_appeal(session, public_id, visit.now + LATER)
            case "support":
                until = visit.now + SUPPORTS
                note_support(session, public_id, until, guarded=configured.guarded)
            case _:
                raise Unfit("appeal")
        return "appeal"

    def person(self, visit: Visit) -> str:
        """Set name, language and time zone."""
        form = visit.form
        zone = form.text("other_timezone") or form.text("timezone")
        if not _is_fit(check_language, form.text("language")):
            raise Unfit("language")
        if not _is_fit(check_timezone, zone):
            raise Unfit("timezone")
        change_person(
            visit.session,
            self.instance.sealer,
            visit.subscriber,
            name=form.text("name"),
            language=form.text("language"),
            timezone=zone,
            now=visit.now,
            origin=ORIGIN,
        )
        return "person"


def _is_fit(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except BadInput:
        return False
    return True


def _unwanted(session: Session, newsletter_id: int, wanted: set[str]) -> list[str]:
    """Return what a reader calls the parts that are not among the blocks they want."""
    sections = list_sections(session, newsletter_id)
    headings = [each.heading for each in sections if section_block(each.id) not in wanted]
    return headings if WHOLE_TEXTS in wanted else [*headings, WHOLE_TEXTS]


@dataclass(frozen=True, slots=True)
class ChoosingPages:
    """The handlers of the opened settings' forms."""

    opened: Opened

    def show(self, form: Form) -> Response:
        """Show the settings once more, as they are."""
        return self.opened.do(form, lambda _visit: "")

    def fresh(self, request: Request, form: Form) -> Response:
        """Have a fresh link mailed once the hour is over."""
        return self.opened.mail_afresh(Purpose.SETTINGS, form.text("key"), request)

    def doing(self, act: Act) -> Callable[[Form], Response]:
        """Return the handler of one form."""

        def handler(form: Form) -> Response:
            return self.opened.do(form, act)

        return handler


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of the forms that change something at once."""
    opened = Opened(instance, pages)
    choices, choosing = Choices(instance, opened), ChoosingPages(opened)
    acts: dict[str, Act] = {
        "join": choices.join,
        "leave": choices.leave,
        "pause": choices.pause,
        "resume": choices.resume,
        "parts": choices.parts,
        "appeal": choices.appeal,
        "person": choices.person,
    }
    router = APIRouter()
    for name, act in acts.items():
        router.add_api_route(f"/settings/{name}", choosing.doing(act), methods=["POST"])
    router.add_api_route("/settings/show", choosing.show, methods=["POST"])
    router.add_api_route("/settings/fresh", choosing.fresh, methods=["POST"])
    return router
