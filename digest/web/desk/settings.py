"""What editors set of a newsletter: its sections, its look, the words that stand in every issue.

A field that a colleague changed since the form was shown is never overwritten: both versions are
shown, as on the board. Issues that are approved keep what they were approved with.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.newsletters import change_furniture, find_newsletter, list_sections
from digest.curation.sections import (
    HEADING_MOST,
    add_section,
    find_own_section,
    list_put_away,
    move_section,
    put_away_section,
    rename_section,
)
from digest.editors.audit import note
from digest.errors import BadInput, ConfigError, Conflict, RenderingFailed
from digest.models import Newsletter, Role, Section
from digest.press.sample import print_sample, sample_view
from digest.rendering.papers import WHITE
from digest.rendering.theme import READABLE, contrast, readable_accent
from digest.web.desk.board_fields import Clash, judge, mark
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.previewing import FRAME
from digest.web.desk.routes import DeskRoutes, RowId, configured_of
from digest.web.desk.settings_fields import (
    APPEAL_LABELS,
    CHOICES,
    LABELS,
    LONG,
    LOOK_LABELS,
    WORD_LABELS,
    furniture_changes,
    furniture_fields,
    typed,
)
from digest.web.forms import Form, PostedForm

SHOWN = ("look", "typeface", "accent", "tagline")  # what the frame shows before it is saved


@dataclass(frozen=True, slots=True)
class SettingsPages:
    """The handlers of the settings."""

    instance: App
    pages: DeskPages

    def choose(self, request: Request) -> Response:
        """Show the first newsletter's settings; the others are linked there."""
        return self._show(request, self.instance.config.newsletters[0].slug)

    def show(self, request: Request, slug: str, saved: str = "") -> Response:
        """Show a newsletter's settings; `saved` says that they were just saved."""
        return self._show(request, slug, saved=saved == "yes")

    def _show(
        self,
        request: Request,
        slug: str,
        *,
        trouble: str = "",
        yours: dict[str, str] | None = None,
        clashes: list[Clash] | None = None,
        saved: bool = False,
        status: int = 200,
    ) -> Response:
        app, signed = self.instance, signed_of(request)
        configured = configured_of(app, slug)
        with app.db.read() as session:
            newsletter = find_newsletter(session, slug)
            present = furniture_fields(newsletter.furniture)
            sections = list_sections(session, newsletter.id)
            away = list_put_away(session, newsletter.id)
        return self.pages.show(
            "settings.html",
            signed,
            status=status,
            configured=configured,
            newsletters=app.config.newsletters,
            path=_path(slug),
            fields=present | (yours or {}),
            marks={name: mark(value) for name, value in present.items()},
            groups=_groups(guarded=configured.guarded),
            choices=CHOICES,
            long=LONG,
            clashes=clashes or [],
            sections=sections,
            order=_order_of(sections),
            away=away,
            mark=mark,
            heading_most=HEADING_MOST,
            ratio=contrast(present["accent"], WHITE),
            readable=READABLE,
            trouble=trouble,
            saved=saved,
        )

    def frame(self, request: Request, slug: str) -> Response:
        """Show an issue in the look that is being chosen, saved or not, as nobody's copy."""
        app, configured = self.instance, configured_of(self.instance, slug)
        asked = {name: request.query_params.get(name, "")[:300] for name in SHOWN}
        wanted = {name: typed(name, value) for name, value in asked.items() if value}
        if "accent" in wanted:
            wanted["accent"] = readable_accent(wanted["accent"])
        now = app.clock.now().astimezone(configured.schedule.as_schedule().zone)
        with app.db.read() as session:
            newsletter = find_newsletter(session, slug)
            view = sample_view(session, newsletter, configured, wanted, today=now.date())
        html = print_sample(app.press, view, configured, app.config.site_of(configured))
        return HTMLResponse(html, headers=FRAME)

    def save(self, request: Request, slug: str, form: Form) -> Response:
        """Save what was changed of the furniture, or show both versions."""
        yours = {name: typed(name, form.raw(name)) for name in LABELS if name in form.fields}
        try:
            with self._changing(slug) as (session, newsletter):
                present = furniture_fields(newsletter.furniture)
                judged = judge(form, present, LABELS, typed)
                if judged.clashes:
                    return self._show_both(request, slug, yours, judged.clashes)
                self._change(session, request, newsletter, judged.changes)
        except (BadInput, ConfigError, RenderingFailed) as error:
            return self._show(request, slug, trouble=str(error), yours=yours, status=422)
        return RedirectResponse(f"{_path(slug)}?saved=yes", 303)

    def _show_both(
        self, request: Request, slug: str, yours: dict[str, str], clashes: list[Clash]
    ) -> Response:
        """Show the form with what was typed; its marks are of now, so that saving it once more is
        a decision.
        """
        return self._show(request, slug, yours=yours, clashes=clashes, status=409)

    def _change(
        self, session: Session, request: Request, newsletter: Newsletter, changed: dict[str, str]
    ) -> None:
        if not changed:
            return
        wanted = furniture_fields(newsletter.furniture) | changed
        change_furniture(session, newsletter, furniture_changes(wanted, changed))
        self._note(session, request, "set", newsletter, {"fields": ", ".join(changed)})

    def add(self, request: Request, slug: str, form: Form) -> Response:
        """Add a section, last."""

        def change(session: Session, newsletter: Newsletter) -> dict[str, Any]:
            return {"section": add_section(session, newsletter, form.raw("heading")).heading}

        return self._save_sections(request, slug, "add section", change)

    def rename(self, request: Request, slug: str, section_id: RowId, form: Form) -> Response:
        """Rename a section, unless somebody renamed it since."""

        def change(session: Session, newsletter: Newsletter) -> dict[str, Any]:
            section = _found(session, newsletter, section_id, form)
            before = section.heading
            rename_section(session, newsletter, section, form.raw("heading"))
            return {"section": before, "to": section.heading}

        return self._save_sections(request, slug, "rename section", change)

    def move(self, request: Request, slug: str, section_id: RowId, form: Form) -> Response:
        """Move a section up, down, or to where it was dropped, unless the order changed since."""

        def change(session: Session, newsletter: Newsletter) -> dict[str, Any]:
            section = find_own_section(session, newsletter, section_id)
            sections = list_sections(session, newsletter.id)
            if form.text("was") != _order_of(sections):
                raise Conflict("Somebody changed the sections since. Look at them once more.")
            move_section(session, newsletter, section, _position(sections, section, form))
            return {"section": section.heading, "to": section.position}

        return self._save_sections(request, slug, "move section", change)

    def put_away(self, request: Request, slug: str, section_id: RowId, form: Form) -> Response:
        """Offer a section no more."""

        def change(session: Session, newsletter: Newsletter) -> dict[str, Any]:
            section = _found(session, newsletter, section_id, form)
            put_away_section(session, newsletter, section)
            return {"section": section.heading}

        return self._save_sections(request, slug, "put section away", change)

    def _save_sections(
        self,
        request: Request,
        slug: str,
        verb: str,
        change: Callable[[Session, Newsletter], dict[str, Any]],
    ) -> Response:
        with self._changing(slug) as (session, newsletter):
            self._note(session, request, verb, newsletter, change(session, newsletter))
        return RedirectResponse(f"{_path(slug)}#sections", 303)

    @contextmanager
    def _changing(self, slug: str) -> Iterator[tuple[Session, Newsletter]]:
        """Hold a newsletter for one change: others who change it wait, and see what changed."""
        with self.instance.db.write() as session:
            newsletter = find_newsletter(session, slug)
            session.refresh(newsletter, with_for_update=True)
            yield session, newsletter

    def _note(
        self,
        session: Session,
        request: Request,
        verb: str,
        newsletter: Newsletter,
        detail: dict[str, Any],
    ) -> None:
        editor_id, now = signed_of(request).editor_id, self.instance.clock.now()
        note(session, editor_id, verb, newsletter.slug, now, detail)


def _path(slug: str) -> str:
    return f"{HOME}/{slug}/settings"


def _groups(*, guarded: bool) -> list[tuple[str, str, dict[str, str]]]:
    groups = [("look", "Look", LOOK_LABELS), ("words", "Words in every issue", WORD_LABELS)]
    # A guarded newsletter asks nobody for money.
    return groups if guarded else [*groups, ("appeal", "The appeal", APPEAL_LABELS)]


def _order_of(sections: list[Section]) -> str:
    return mark(",".join(str(section.id) for section in sections))


def _found(session: Session, newsletter: Newsletter, section_id: int, form: PostedForm) -> Section:
    section = find_own_section(session, newsletter, section_id)
    if form.text("was") != mark(section.heading):
        raise Conflict("Somebody renamed this section since. Look at it once more.")
    return section


def _position(sections: list[Section], section: Section, form: PostedForm) -> int:
    """Return the position that a section is asked to go to, from 1."""
    now = sections.index(section) + 1
    to, before = form.text("to"), form.text("before")
    if to in {"up", "down"}:
        return min(max(now + (1 if to == "down" else -1), 1), len(sections))
    if to:
        raise BadInput(f"{to!r} is no way to move a section")
    others = [str(each.id) for each in sections if each.id != section.id]
    if before and before not in others:
        raise BadInput("there is no such section")
    return others.index(before) + 1 if before else len(sections)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the settings."""
    settings, path = SettingsPages(desk.instance, desk.pages), "/{slug}/settings"
    desk.look("/settings", settings.choose, Role.EDITOR)
    desk.look(path, settings.show, Role.EDITOR)
    desk.look(f"{path}/look.html", settings.frame, Role.EDITOR)
    desk.act(f"{path}/save", settings.save, Role.EDITOR)
    desk.act(f"{path}/sections/add", settings.add, Role.EDITOR)
    desk.act(f"{path}/sections/{{section_id}}/rename", settings.rename, Role.EDITOR)
    desk.act(f"{path}/sections/{{section_id}}/move", settings.move, Role.EDITOR)
    desk.act(f"{path}/sections/{{section_id}}/put-away", settings.put_away, Role.EDITOR)
