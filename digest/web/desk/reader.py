"""One reader: what they get, how it came about, and what may be done on their behalf.

Whoever opens the page is on record, and so is whatever they do, by the reader's public id alone. Of
guarded newsletters it shows and does no more than the command line. Erasing is in
`reader_erasing`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.correspondence.export import export_reader
from digest.correspondence.reader_file import open_file
from digest.editors.audit import is_noted_since, note
from digest.errors import BadInput, NotFound, Refused
from digest.models import Role, Subscriber, Subscription, SuppressionReason
from digest.subscribers.lifecycle import leave, pause, resume
from digest.subscribers.person import find_subscriber
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import lift, suppress
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.readers import STATE_WORDS, about, path_of
from digest.web.desk.routes import DeskRoutes, configured_of
from digest.web.forms import Form, PostedForm
from digest.web.reader.days import days_to_choose, pause_end

ReaderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,24}$")]
SAME_VISIT = timedelta(minutes=10)  # looking again within it is on record once
ORIGIN = "desk"
SURE = "mail"  # to be typed by who lets an address be mailed again, as at the command line
ERASE = "erase"
LIFTED = ("the reader asks for it", "the mailbox works again", "it was a mistake")

Act = Callable[[Session, Subscriber, PostedForm], dict[str, str]]  # returns what goes on record


@dataclass(frozen=True, slots=True)
class ReaderPages:
    """The handlers of one reader's page."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, reader: ReaderId) -> Response:
        """Show a reader, and note who looked."""
        app, now = self.instance, self.instance.clock.now()
        guarded = {each.slug for each in app.config.newsletters if each.guarded}
        with app.db.read() as session:
            subscriber = find_subscriber(session, reader)
            shown = open_file(session, app.sealer, subscriber, guarded)
        self._note_visit(signed_of(request).editor_id, reader)
        return self.pages.show(
            "reader.html",
            signed_of(request),
            reader=shown,
            names={each.slug: each.name for each in app.config.newsletters},
            state_words=STATE_WORDS,
            lifted=LIFTED,
            sure=SURE,
            days=days_to_choose(now, "UTC"),
            erase_word=ERASE,
        )

    def _note_visit(self, editor_id: int, reader: str) -> None:
        app, now = self.instance, self.instance.clock.now()
        with app.db.read() as session:
            if is_noted_since(session, editor_id, about(reader), now - SAME_VISIT):
                return
        with app.db.write() as session:
            note(session, editor_id, "open reader", about(reader), now)

    def doing(self, verb: str, act: Act) -> Callable[..., Response]:
        """Return the handler of a form that does something about a reader."""

        def handler(request: Request, reader: ReaderId, form: Form) -> Response:
            app, now = self.instance, self.instance.clock.now()
            with app.db.write() as session:
                detail = act(session, find_subscriber(session, reader), form)
                note(session, signed_of(request).editor_id, verb, about(reader), now, detail)
            return RedirectResponse(path_of(reader), 303)

        return handler

    def suppress(
        self, session: Session, subscriber: Subscriber, form: PostedForm
    ) -> dict[str, str]:
        """Never mail this address again. The reason is kept beside it, and not on record: a name
        may be in it.
        """
        app, reason = self.instance, form.text("reason")
        if not reason:
            raise BadInput("Say why the address must not be mailed any more.")
        now, manual = app.clock.now(), SuppressionReason.MANUAL
        address = self._address(subscriber)
        suppress(session, app.sealer, address, manual, now=now, detail=reason)
        return {}

    def lift(self, session: Session, subscriber: Subscriber, form: PostedForm) -> dict[str, str]:
        """Let this address be mailed again. Nobody is subscribed by that."""
        why = form.text("why")
        if why not in LIFTED:
            raise BadInput("Choose why the address may be mailed again.")
        if form.text("sure").lower() != SURE:
            raise BadInput(f"Type the word {SURE} to let this address be mailed again.")
        if not lift(session, self.instance.sealer, self._address(subscriber)):
            raise NotFound("This address is not suppressed.")
        return {"why": why}

    def _address(self, subscriber: Subscriber) -> str:
        return self.instance.sealer.open(subscriber.address_sealed)

    def leave(self, session: Session, subscriber: Subscriber, form: PostedForm) -> dict[str, str]:
        """Unsubscribe them from one newsletter."""
        theirs, configured = self._subscription(session, subscriber, form)
        leave(session, theirs.public_id, now=self.instance.clock.now(), origin=ORIGIN)
        return {"newsletter": configured.slug}

    def pause(self, session: Session, subscriber: Subscriber, form: PostedForm) -> dict[str, str]:
        """Pause one newsletter until a day."""
        theirs, configured = self._open_subscription(session, subscriber, form)
        now = self.instance.clock.now()
        until = pause_end(form, now, theirs.timezone or configured.schedule.timezone)
        pause(session, theirs.public_id, until=until, now=now, origin=ORIGIN)
        return {"newsletter": configured.slug}

    def resume(self, session: Session, subscriber: Subscriber, form: PostedForm) -> dict[str, str]:
        """End a pause."""
        theirs, configured = self._open_subscription(session, subscriber, form)
        resume(session, theirs.public_id, now=self.instance.clock.now(), origin=ORIGIN)
        return {"newsletter": configured.slug}

    def _subscription(
        self, session: Session, subscriber: Subscriber, form: PostedForm
    ) -> tuple[Subscription, NewsletterConfig]:
        wanted = form.text("newsletter")
        for slug, subscription in list_subscriptions(session, subscriber.id):
            if slug == wanted:
                return subscription, configured_of(self.instance, slug)
        raise NotFound("This reader has no such newsletter.")

    def _open_subscription(
        self, session: Session, subscriber: Subscriber, form: PostedForm
    ) -> tuple[Subscription, NewsletterConfig]:
        subscription, configured = self._subscription(session, subscriber, form)
        if configured.guarded:
            raise Refused("Pauses of a guarded newsletter are its readers' own.")
        return subscription, configured

    def export(self, request: Request, reader: ReaderId) -> Response:
        """Hand out everything that is held about a reader, as they may take it along themselves."""
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            subscriber = find_subscriber(session, reader)
            if any(
                configured_of(app, slug).guarded
                for slug, _ in list_subscriptions(session, subscriber.id)
            ):
                raise Refused("A reader of a guarded newsletter opens their export themselves.")
            told = export_reader(session, app.sealer, subscriber, now)
            note(session, signed_of(request).editor_id, "export reader", about(reader), now)
        headers = {"Content-Disposition": "attachment; filename=all-about-a-reader.json"}
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        return Response(text, media_type="application/json", headers=headers)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of one reader's page."""
    one, path = ReaderPages(desk.instance, desk.pages), "/readers/who/{reader}"
    desk.look(path, one.show, Role.PUBLISHER)
    desk.act(f"{path}/suppress", one.doing("suppress", one.suppress), Role.PUBLISHER)
    desk.act(f"{path}/lift", one.doing("lift", one.lift), Role.PUBLISHER)
    desk.act(f"{path}/leave", one.doing("unsubscribe", one.leave), Role.PUBLISHER)
    desk.act(f"{path}/pause", one.doing("pause", one.pause), Role.PUBLISHER)
    desk.act(f"{path}/resume", one.doing("resume", one.resume), Role.PUBLISHER)
    desk.act(f"{path}/export", one.export, Role.PUBLISHER)
