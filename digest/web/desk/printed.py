"""The bytes that were rendered last of the issues that somebody looks at."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import RLock

from digest.app import App
from digest.config import NewsletterConfig
from digest.press.approval import RENDERED, draft_view, list_renderings
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView
from digest.web.desk.an_issue import AnIssue

MOST_KEPT = 8  # issues whose bytes are at hand


class Prints:
    """The renderings of an issue: those that were approved, or what would be approved now, each
    made when it is first asked for.
    """

    def __init__(
        self, stored: Sequence[Rendering] = (), make: Callable[[str], Rendering] | None = None
    ) -> None:
        self._made: dict[str, list[Rendering]] = {}
        for one in stored:
            self._made.setdefault(one.edition, []).append(one)
        self._make = make
        self.editions = tuple(self._made) if make is None else RENDERED

    def of(self, edition: str) -> list[Rendering]:
        """Return an edition in every language it has, none where there is no such edition;
        RenderingFailed when it does not compile.
        """
        if edition not in self._made and self._make is not None and edition in self.editions:
            self._made[edition] = [self._make(edition)]
        return self._made.get(edition, [])

    def all(self) -> list[Rendering]:
        """Return all of them, in their order."""
        return [one for edition in self.editions for one in self.of(edition)]


class Printed:
    """The bytes of the issues that were looked at last, until they would be others."""

    def __init__(self, instance: App) -> None:
        self._instance = instance
        self._kept = OrderedDict[str, tuple[IssueView, Prints]]()
        self._guard = RLock()  # one renders, the other frames of the page wait for it

    def of(self, opened: AnIssue) -> Prints:
        """Return an issue's renderings; Refused when it is not ready for any, BadInput when a
        picture cannot be sent along.
        """
        app, issue = self._instance, opened.issue
        with app.db.read() as session:
            if issue.approved_hash and (stored := list_renderings(session, issue)):
                return Prints(stored)
            view = draft_view(session, issue, opened.configured, app.clock.now())
        return self._prints(view, opened.configured)

    def render(self, view: IssueView, configured: NewsletterConfig) -> list[Rendering]:
        """Return all that the press makes of an issue; what is at hand already comes from there."""
        with self._guard:
            return self._prints(view, configured).all()

    def _prints(self, view: IssueView, configured: NewsletterConfig) -> Prints:
        name = f"{configured.slug}/{view.number}"
        with self._guard:
            kept, prints = self._kept.pop(name, (None, Prints()))
            if kept != view:
                prints = self._begin(view, configured)
            self._kept[name] = view, prints
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return prints

    def _begin(self, view: IssueView, configured: NewsletterConfig) -> Prints:
        press = self._instance.press
        ready = press.prepare(view, configured)

        def make(edition: str) -> Rendering:
            with self._guard:
                return press.render_one(ready, edition)

        return Prints(make=make)
