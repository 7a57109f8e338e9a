"""The page after leaving: a way back for those who left by mistake, and an optional reason.

Both forms carry a key that only the press which really took a reader out hands out; each works
once and for half an hour. The link in the mail alone can do neither. A reason is counted, and never
kept with the person.
"""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.correspondence.confirming import bring_back
from digest.errors import BadInput, Refused
from digest.models import LeaveReason
from digest.subscribers.door.spent import spend
from digest.subscribers.leaving import count_reason
from digest.tokens import Passing, Purpose
from digest.web.forms import PostedForm
from digest.web.pages import Pages
from digest.web.reader.mail_links import Linked, linked

HALF_AN_HOUR = timedelta(minutes=30)
A_SECOND = timedelta(seconds=1)  # a key runs out at a whole one


@dataclass(frozen=True, slots=True)
class LeftPages:
    """What may follow on leaving; BadInput and NotFound when the link is not valid."""

    instance: App
    pages: Pages

    def show(self, link: Linked, just_left: bool) -> Response:
        """Say that nothing more is sent; offer a way back to somebody who was a reader just now."""
        back = why = ""
        if just_left:
            until = self.instance.clock.now() + HALF_AN_HOUR
            public_id, sign = link.subscription.public_id, self.instance.signer.sign_until
            back = sign(Purpose.COME_BACK, public_id, until)
            why = sign(Purpose.FORM, public_id, until)
        return self.pages.show("left.html", link.masthead, back=back, why=why, thanks=False)

    def say_why(self, token: str, form: PostedForm) -> Response:
        """Count a reason; a form sent twice, or too late, or without a reason counts nothing and is
        thanked as well.
        """
        link = linked(self.instance, Purpose.UNSUBSCRIBE, token)
        passing = self._passing(link, Purpose.FORM, form.text("key"))
        reason = _reason(form.text("reason"))
        if passing and reason:
            with self.instance.db.write() as session:
                self._count(session, link, passing, reason)
        back = form.text("back")
        if not self._passing(link, Purpose.COME_BACK, back):
            back = ""
        return self.pages.show("left.html", link.masthead, back=back, why="", thanks=True)

    def _count(self, session: Session, link: Linked, passing: Passing, reason: LeaveReason) -> None:
        if spend(session, passing):
            newsletter_id = link.subscription.newsletter_id
            count_reason(session, newsletter_id, reason, now=self.instance.clock.now())

    def come_back(self, token: str, form: PostedForm) -> Response:
        """Undo the leaving, once; the same page for a key that is late, used, forged, or for an
        address that must not be mailed.
        """
        link = linked(self.instance, Purpose.UNSUBSCRIBE, token)
        passing = self._passing(link, Purpose.COME_BACK, form.text("key"))
        if passing is None or not self._bring_back(passing):
            slug = link.slug if link.configured else ""
            return self.pages.show("not_back.html", link.masthead, status=409, slug=slug)
        return self.pages.show("back.html", link.masthead)

    def _bring_back(self, passing: Passing) -> bool:
        app = self.instance
        try:
            with app.db.write() as session:
                if not spend(session, passing):
                    return False
                bring_back(
                    session,
                    app.correspondent,
                    passing.public_id,
                    left_by=passing.until - HALF_AN_HOUR + A_SECOND,
                    now=app.clock.now(),
                    origin="page",
                )
        except Refused:
            return False
        return True

    def _passing(self, link: Linked, purpose: Purpose, key: str) -> Passing | None:
        """Return what a key of these forms says, or None when it is not this subscription's."""
        try:
            passing = self.instance.signer.read_until(purpose, key, self.instance.clock.now())
        except BadInput:
            return None
        return passing if passing.public_id == link.subscription.public_id else None


def _reason(text: str) -> LeaveReason | None:
    try:
        return LeaveReason(text)
    except ValueError:
        return None
