"""``digest mirrors``: in which order a newsletter's mirrors are tried."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.cli.terminal import opened, print_table, progress_bar, say
from digest.config import mirrors_of
from digest.curation.newsletters import find_newsletter, order_mirrors
from digest.errors import BadInput
from digest.mirrors import Mirrored, Order, choose

MOST = 100_000  # characters of a probe's file; a full list has a few thousand
NONE = "Nothing is mirrored: newsletters.mirrors in the configuration lists mirrors."

app = typer.Typer(help="The order in which mirrors are tried.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The newsletter's slug.")]


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="mirrors")


@app.command("show")
def show(
    context: typer.Context,
    newsletter: Slug,
    as_json: Annotated[
        bool, typer.Option("--json", help="As the JSON that order --from-json takes.")
    ] = False,
) -> None:
    """Show the present order, which the next issue takes when it begins to leave."""
    with opened(context) as instance, instance.db.read() as session:
        mirrors = _mirrors(instance, newsletter)
        order = choose(mirrors, find_newsletter(session, newsletter).mirror_order)
    if as_json:
        say(json.dumps(order, indent=2))
    else:
        _print(order)


@app.command("order")
def order_(
    context: typer.Context,
    newsletter: Slug,
    of: Annotated[str, typer.Argument(help='"pages", or a host of articles.')] = "",
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Its addresses, the best first.")
    ] = None,
    from_json: Annotated[
        str, typer.Option(help="A file with the order of several; - is standard input.")
    ] = "",
) -> None:
    """Say in which order mirrors are tried, best first, as a probe found them.

    Addresses that are left out come behind, in the configuration's order; none at all goes back to
    that order.
    """
    if bool(of) == bool(from_json):
        raise BadInput(
            "digest mirrors order takes what is mirrored, or --from-json, one of the two"
        )
    wanted = _read(from_json) if from_json else {of: addresses or []}
    with opened(context) as instance, instance.db.write() as session:
        order = _keep(session, instance, newsletter, wanted)
    _print(order)


@app.command("probe")
def probe_(context: typer.Context, newsletter: Slug) -> None:
    """Ask every mirror from here, and try first those that answer; the original comes last of them.

    It knows nothing of what readers' networks block: a probe that runs where they live does (see
    order --from-json).
    """
    from digest.press.mirror_probe import order_found, probe, questions

    with opened(context) as instance:
        mirrors = _mirrors(instance, newsletter)
        with instance.db.read() as session:
            row = find_newsletter(session, newsletter)
            asked = questions(session, row.id, _in_order(mirrors, row.mirror_order))
        with progress_bar("asking mirrors") as advance:
            found = probe(instance.fetcher, asked, advance)
        with instance.db.write() as session:
            order = _keep(session, instance, newsletter, order_found(found))
    _print(order, {(one.of, one.address): one.problem or "it answers" for one in found})


def _mirrors(instance: App, slug: str) -> tuple[Mirrored, ...]:
    configured = instance.config.newsletter(slug)
    return mirrors_of(configured, instance.config.site_of(configured))


def _in_order(mirrors: Sequence[Mirrored], order: Order | None) -> list[Mirrored]:
    """Return what is mirrored in the present order, but the original, the last resort, last."""
    last = {mirror.of: mirror.at[-1] for mirror in mirrors}
    return [
        Mirrored(of, (*(a for a in at if a != last[of]), last[of]))
        for of, at in choose(mirrors, order).items()
    ]


def _keep(
    session: Session, instance: App, slug: str, wanted: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    row = find_newsletter(session, slug)
    return order_mirrors(session, row, _mirrors(instance, slug), wanted)


def _read(name: str) -> dict[str, list[str]]:
    """Return a probe's order; BadInput when it is not an object of lists of addresses."""
    text = sys.stdin.read(MOST + 1) if name == "-" else Path(name).read_text("utf-8")
    if len(text) > MOST:
        raise BadInput(f"{name}: more than {MOST:,} characters")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: this is no JSON") from error
    if not isinstance(value, dict) or not all(map(_is_list_of_texts, value.values())):
        raise BadInput(f'{name}: write {{"pages": ["https://…", …], "host": […]}}')
    return value


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _print(
    order: Mapping[str, Sequence[str]], said: Mapping[tuple[str, str], str] | None = None
) -> None:
    rows = [
        (of, str(place), address, *([said[of, address]] if said else []))
        for of, addresses in order.items()
        for place, address in enumerate(addresses, 1)
    ]
    print_table(("of", "try", "address", *(["asked"] if said else [])), rows, none=NONE)
