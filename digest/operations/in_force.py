"""The configuration as it is in force, key by key, with what each means: for operators to read. No
secret leaves this module: of a key that holds one it is said that it is set.

What a key means is read from the example configuration, which explains all of them. A backend of
somebody else's may have secrets under any name, so of keys that the example does not know nothing
is shown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from digest.assets import asset
from digest.config import Config

SECRET = re.compile(r"(^|_)(password|token|secret|key|credentials?|auth_?string)$")
SET, UNSET = "set", "–"
# Chosen by the operator: the example has one of each, which stands for all.
NAMED = {("relays",): 1, ("relays", "*", "groups"): 1}
ONCE = frozenset({("newsletters", "initial")})  # only read when a newsletter is new
LOGIN = re.compile(r"//[^/@\s]+@")
TABLE = re.compile(r"#?\[\[?([a-z_.]+)\]\]?$")
KEY = re.compile(r"#?([a-z_-]+) = ")
URL_SECRETS = frozenset({"password", "sslpassword", "passfile"})

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what is in force, what it means, and whether it differs from the default."""

    name: str
    value: str
    meaning: str
    in_file: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One table of the file, as it would be called there."""

    name: str
    keys: tuple[Key, ...]


def list_in_force(config: Config) -> list[Group]:
    """Return the tables of the configuration in the order of the example, each with its keys."""
    return [group for group in _groups(config, (), "") if group.keys]


def _groups(model: BaseModel, at: Path, called: str) -> Iterator[Group]:
    """Yield a model's own keys as one group, then the tables below it."""
    keys, tables = [], []
    for name, value in _values(model):
        path = (*at, name)
        if path in ONCE:
            continue
        inner = list(_tables(value, path, f"{called}.{name}" if called else name))
        if inner:
            tables += inner
        elif not isinstance(value, Mapping) and (value or _meaning(path)):  # else a table not there
            keys.append(_key(model, path, name, value))
    yield Group(called or "At the top", tuple(keys))
    for table, path, title in tables:
        yield from (
            _groups(table, path, title)
            if isinstance(table, BaseModel)
            else [_plain_group(table, path, title)]
        )


def _values(model: BaseModel) -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        yield name, getattr(model, name)
    yield from (model.model_extra or {}).items()


def _is_models(value: Any) -> bool:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return isinstance(value, BaseModel) or (
        listed and any(isinstance(each, BaseModel) for each in value)
    )


def _tables(value: Any, path: Path, called: str) -> Iterator[tuple[Any, Path, str]]:
    """Yield the tables in a value: one, several in a list, or several by name."""
    if isinstance(value, BaseModel):
        yield value, path, called
    elif _is_models(value):
        for number, each in enumerate(value, 1):
            yield each, path, f"{called}.{getattr(each, 'slug', number)}"
    elif isinstance(value, Mapping) and path in NAMED:
        for name, each in value.items():
            yield each, (*path, "*"), f"{called}.{name}"
    elif isinstance(value, Mapping) and value:
        yield value, path, called


def _plain_group(table: Mapping[str, Any], at: Path, called: str) -> Group:
    """Return a table that is no model: preflight's levels, or one of a backend's own."""
    known = at == ("preflight", "levels")
    return Group(
        called,
        tuple(
            Key(name, _shown((*at, name), value, known=known), _meaning((*at, name)), True)
            for name, value in table.items()
        ),
    )


def _key(model: BaseModel, path: Path, name: str, value: Any) -> Key:
    field = type(model).model_fields.get(name)
    in_file = field is None or field.is_required() or not _is_default(path, value, field.default)
    return Key(name, _shown(path, value, known=field is not None), _meaning(path), in_file)


def _is_default(path: Path, value: Any, default: Any) -> bool:
    if path in {("database", "url"), ("keys", "file")}:  # made absolute when they were read
        return str(value).endswith(f"/{str(default).rpartition('/')[2]}")
    return bool(value == default)


def _shown(path: Path, value: Any, *, known: bool) -> str:
    if value is None or value == "" or value == []:
        return UNSET
    if SECRET.search(path[-1]) or isinstance(value, SecretStr):
        return SET
    if not known and not _meaning(path):
        return SET
    if path == ("database", "url"):
        return _without_password(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_masked(str(each)) for each in value)
    return _masked(str(value))


def _masked(text: str) -> str:
    return LOGIN.sub("//…@", text) if "://" in text else text


def _without_password(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return SET
    shown = {k: "hidden" if k in URL_SECRETS else v for k, v in parsed.query.items()}
    return parsed.set(query=shown).render_as_string(hide_password=True)


def _meaning(path: Path) -> str:
    return _meanings().get(path, "")


@cache
def _meanings() -> Mapping[Path, str]:
    """Return what the example says of each key, by its table and name. A comment speaks of all keys
    that follow it without another one or an empty line between, those of a table below it too.
    """
    table: Path = ()
    said: list[str] = []
    fresh = True
    meanings: dict[Path, str] = {}
    for line in asset("config.example.toml").read_text(encoding="utf-8").splitlines():
        if found := TABLE.match(line):
            table, fresh = _starred(tuple(found[1].split("."))), True
        elif line.startswith("# "):
            said = [line[2:]] if fresh else [*said, line[2:]]
            fresh = False
        elif found := KEY.match(line):
            meanings.setdefault((*table, found[1]), " ".join(said))
            fresh = True
        elif not line:
            said, fresh = [], True
    return meanings


def _starred(table: Path) -> Path:
    if table[0] == "relays":
        table = ("relays", "*", *table[2:])
    return (*table[:3], "*") if table[2:3] == ("groups",) else table
