"""``digest newsletters``: what stands in every issue, and what it looks like."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from digest.cli.signup_form import signup_form
from digest.cli.terminal import opened, print_table
from digest.config import InitialConfig
from digest.curation.newsletters import change_furniture, find_newsletter
from digest.errors import BadInput
from digest.rendering.theme import readable_accent

FIELDS = tuple(name for name in InitialConfig.model_fields if name != "sections")

app = typer.Typer(help="The look and the fixed words of a newsletter.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The newsletter's slug.")]


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="newsletters")


@app.command("show")
def show(context: typer.Context, newsletter: Slug) -> None:
    """Show a newsletter's look and fixed words."""
    with opened(context) as instance, instance.db.read() as session:
        furniture = find_newsletter(session, newsletter).furniture
    _print(furniture)


@app.command("set")
def set_(
    context: typer.Context,
    newsletter: Slug,
    fields: Annotated[list[str], typer.Argument(help="field=value, several if you like.")],
) -> None:
    """Change them, for issues that are not approved yet.

    tagline, about, corrections_address, accent, look, typeface; logo takes URL|width|height;
    appeal.heading, appeal.text, appeal.once and so on change the publisher's message, of which
    once, monthly and annual take words|URL. A field without a value is emptied.
    """
    with opened(context) as instance, instance.db.write() as session:
        row = find_newsletter(session, newsletter)
        changes = _changes(fields, row.furniture)
        if "accent" in changes:
            changes["accent"] = readable_accent(changes["accent"])
        furniture = change_furniture(session, row, changes)
    _print(furniture)


@app.command("form")
def form(context: typer.Context, newsletter: Slug) -> None:
    """Print a sign-up form to be put into a website of your own: plain HTML, no script."""
    with opened(context) as instance:
        configured = instance.config.newsletter(newsletter)
        words = instance.correspondent.words(None, configured)
        site = instance.config.site_of(configured)
    typer.echo(signup_form(configured, site, words))


def _print(furniture: Mapping[str, Any]) -> None:
    rows = []
    for name in FIELDS:
        value = furniture.get(name)
        if isinstance(value, dict):
            rows += [(f"{name}.{part}", _shown(each)) for part, each in value.items()]
        else:
            rows.append((name, _shown(value)))
    print_table(("field", "value"), rows, none="Nothing.")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _changes(fields: Sequence[str], present: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            raise BadInput(f"{field!r}: write field=value (fields: {', '.join(FIELDS)})")
        group, _, part = name.strip().partition(".")
        if part:
            whole = changes.get(group) or dict(present.get(group) or {})
            changes[group] = {**whole, part: _pair(value) if "|" in value else value}
        else:
            changes[group] = _logo(value) if group == "logo" else value or _emptied(group)
    return changes


def _emptied(name: str) -> Any:
    field = InitialConfig.model_fields.get(name)
    return field.default if field is not None else ""


def _pair(value: str) -> tuple[str, str]:
    words, _, url = value.rpartition("|")
    return words.strip(), url.strip()


def _logo(value: str) -> dict[str, Any] | None:
    if not value:
        return None
    url, *sizes = value.split("|")
    if len(sizes) != 2 or not all(size.strip().isdecimal() for size in sizes):
        raise BadInput("logo: write URL|width|height, in pixels as it is shown")
    return {"url": url.strip(), "width": int(sizes[0]), "height": int(sizes[1])}
