"""The configuration file: what is wrong is refused by file and key, and the example shows every
key.
"""

import re
import tomllib
import traceback
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from digest.assets import asset
from digest.clock import Schedule
from digest.config import (
    Config,
    NewsletterConfig,
    RelayConfig,
    ScheduleConfig,
    SenderConfig,
    WebConfig,
    check,
    load_config,
    read_secret,
)
from digest.errors import ConfigError
from digest.plugins import load_plugin
from tests.config_files import SMALLEST, load, refusal

EXAMPLE = asset("config.example.toml").read_text()


def test_smallest_file_is_enough(tmp_path: Path) -> None:
    config = load(tmp_path)

    assert config.newsletters[0].schedule.as_schedule() == Schedule(4, time(7), ZoneInfo("UTC"))
    assert config.relays["main"].connections == 8


def test_unknown_key_is_named_with_its_file(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST.replace("[web]", "[web]\nprot = 80"))

    assert said == f"{tmp_path / 'config.toml'}: web.prot: this key is unknown"


def test_unknown_table_is_named(tmp_path: Path) -> None:
    assert "smtp: this key is unknown" in refusal(tmp_path, f"{SMALLEST}\n[smtp]\nhost = 'x'")


def test_missing_key_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST.replace('slug = "friday"\n', ""))

    assert said.endswith("config.toml: newsletters.0.slug: this key is missing")


def test_wrong_type_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST.replace("[web]", '[web]\nport = "many"'))

    assert re.search(r"config\.toml: web\.port: Input should be a valid integer", said)


def test_every_wrong_key_gets_a_line_of_its_own(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST.replace("[web]", "[web]\nport = 0\nprot = 80"))

    assert [line.split(": ")[1] for line in said.splitlines()] == ["web.port", "web.prot"]


def test_two_newsletters_of_one_slug_are_refused(tmp_path: Path) -> None:
    twice = SMALLEST + SMALLEST[SMALLEST.index("[[newsletters]]") :]

    assert "two newsletters have the slug 'friday'" in refusal(tmp_path, twice)


def test_newsletter_whose_relay_is_missing_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST.replace('relay = "main"', 'relay = "other"'))

    assert said.endswith("newsletter 'friday': no [relays.other]")


def test_file_that_is_missing_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read: .*digest init"):
        load_config(tmp_path / "config.toml")


@pytest.mark.parametrize("raw", [b"[web\n", b"\xff\xfe"])
def test_file_that_is_no_toml_is_named(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(raw)

    with pytest.raises(ConfigError, match=r"config\.toml: not a TOML file"):
        load_config(tmp_path / "config.toml")


@pytest.mark.parametrize(
    "url",
    [
        "https://digest.gazette.example",
        "https://digest.gazette.example/letters",
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://[::1]:8000/",
    ],
)
def test_public_url_may_be_https_or_on_loopback(url: str) -> None:
    assert check(WebConfig, {"public_url": url}, where="here").public_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://digest.gazette.example",
        "http://localhost.gazette.example",
        "http://127.0.0.1:80@gazette.example",
        "http://192.168.0.1",
        "ftp://gazette.example",
        "javascript:alert(1)",
        "https://",
        "digest.gazette.example",
        "https://gazette.example/\r\nBcc: everyone",
        "https://gazette.example/a b",
        "https://gazette.example\n",
        "http://localhost\n",
        "https://gazette.example/\0",
        "https://gazette.example/<b>",
        'https://gazette.example/"',
        "https://gazette.example/\u2028",
    ],
)
def test_public_url_that_is_neither_or_breaks_a_header_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="here: public_url: "):
        check(WebConfig, {"public_url": url}, where="here")


@pytest.mark.parametrize(
    "name",
    ["", "  ", "The\r\nBcc: everyone", "a\nb", "a\0b", "a\x7fb", "a\x85b", "a\u2028b", "x" * 201],
)
def test_sender_name_that_would_break_a_header_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="here: name: "):
        check(SenderConfig, {"name": name, "address": "friday@gazette.example"}, where="here")


@given(st.text(min_size=1))
def test_sender_name_that_is_taken_fits_on_one_line(name: str) -> None:
    try:
        taken = check(
            SenderConfig, {"name": name, "address": "a@gazette.example"}, where="here"
        ).name
    except ConfigError:
        return

    assert taken.splitlines() == [taken]


@pytest.mark.parametrize(
    "address",
    [
        "gazette.example",
        "friday@",
        "friday@localhost",
        "friday@gazette.example\n",
        "friday@gazette.example\r\nBcc: all@gazette.example",
        "The Gazette <friday@gazette.example>",
        "a@b@gazette.example",
        "friday @gazette.example",
    ],
)
def test_sender_address_that_is_not_plain_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="here: address: "):
        check(SenderConfig, {"name": "The Gazette", "address": address}, where="here")


@pytest.mark.parametrize(
    "zone", ["Europe/Lundon", "", "../../etc/passwd", "/etc/localtime", "Europe"]
)
def test_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ConfigError, match="here: timezone: "):
        check(ScheduleConfig, {"timezone": zone}, where="here")


def test_schedule_becomes_a_value_of_the_clock() -> None:
    values = {"weekday": "sunday", "time": time(17, 30), "timezone": "Asia/Tokyo"}

    found = check(ScheduleConfig, values, where="here").as_schedule()

    assert found == Schedule(6, time(17, 30), ZoneInfo("Asia/Tokyo"))


def test_schedule_without_a_real_weekday_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"here: weekday: .*'friday'"):
        check(ScheduleConfig, {"weekday": "Freitag"}, where="here")


@pytest.mark.parametrize("network", ["10.0.0.0/33", "gazette.example", "10.0.0.1/8"])
def test_network_that_is_none_is_refused(tmp_path: Path, network: str) -> None:
    said = refusal(tmp_path, f'{SMALLEST}\n[fetch]\nallow_networks = ["{network}"]')

    assert "fetch.allow_networks.0: " in said


@pytest.mark.parametrize("slug", ["", "Friday", "-friday", "fri/day", "friday\n", "x" * 42])
def test_slug_that_does_not_fit_a_link_is_refused(tmp_path: Path, slug: str) -> None:
    said = refusal(tmp_path, SMALLEST.replace('slug = "friday"', f"slug = {slug!r}"))

    assert "newsletters.0.slug" in said or "not a TOML file" in said


def test_values_do_not_change(tmp_path: Path) -> None:
    config = load(tmp_path)

    with pytest.raises(ValueError, match="frozen"):
        config.web.port = 1


def test_newsletter_is_found_by_its_slug(tmp_path: Path) -> None:
    config = load(tmp_path)

    assert config.newsletter("friday") is config.newsletters[0]


def test_newsletter_that_is_missing_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'monday' \(there are: friday\)"):
        load(tmp_path).newsletter("monday")


def test_relative_paths_start_at_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    relay = 'backend = "console"\nfolder = "out"\npassword_file = "secret"\ntemplate_folder = "t"'
    text = f'templates = "ours"\n{SMALLEST}'.replace('backend = "console"', relay)
    (tmp_path / "etc/config.toml").write_text(text)
    monkeypatch.chdir(tmp_path)

    config = load_config(Path("etc/config.toml"))

    etc = tmp_path / "etc"
    assert config.database.url == f"sqlite:///{etc}/digest.db"
    assert (config.keys.file, config.templates) == (etc / "keys.toml", etc / "ours")
    assert config.relays["main"].options == {
        "folder": f"{etc}/out",
        "password_file": f"{etc}/secret",
        "template_folder": f"{etc}/t",
    }


def test_absolute_paths_stay(tmp_path: Path) -> None:
    text = (
        SMALLEST + '\n[database]\nurl = "sqlite:////srv/digest.db"\n[keys]\nfile = "/srv/keys.toml"'
    )

    config = load(tmp_path, text)

    assert (config.database.url, str(config.keys.file)) == (
        "sqlite:////srv/digest.db",
        "/srv/keys.toml",
    )


def test_secret_in_place_is_taken_as_it_stands() -> None:
    assert read_secret("hush", None, None) == "hush"
    assert read_secret(None, None, None) is None


def test_secret_in_a_file_loses_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")

    assert read_secret(None, tmp_path / "secret", None) == "hush"


def test_secret_in_a_missing_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="secret: the secret cannot be read"):
        read_secret(None, tmp_path / "secret", None)


def test_secret_in_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "hush")

    assert read_secret(None, None, "RELAY_PASSWORD") == "hush"


def test_secret_in_a_missing_variable_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="RELAY_PASSWORD is not set"):
        read_secret(None, None, "RELAY_PASSWORD")


def test_example_loads() -> None:
    config = load_config(asset("config.example.toml"))

    assert config.newsletter("weekly").schedule.timezone == "Europe/London"


def test_example_loads_with_every_key_switched_on(tmp_path: Path) -> None:
    config = load(tmp_path, switched_on(EXAMPLE))

    assert set(config.relays) == {"main", "provider", "drawer"}


def test_example_shows_every_key() -> None:
    shown = tomllib.loads(switched_on(EXAMPLE))

    assert list(keys_not_shown(Config, shown, "")) == []


@pytest.mark.parametrize("backend", ["smtp", "maildir", "postmark"])
def test_example_shows_every_key_of_a_relay(backend: str) -> None:
    relays = tomllib.loads(switched_on(EXAMPLE))["relays"].values()
    shown = next(relay for relay in relays if relay["backend"] == backend)
    own = {key: value for key, value in shown.items() if key not in RelayConfig.model_fields}

    options = load_plugin("digest.backends", backend).Options

    assert list(keys_not_shown(options, own, "")) == []
    assert set(own) <= set(options.model_fields)


def test_example_relay_is_one_its_backend_takes() -> None:
    relay = load_config(asset("config.example.toml")).relays["main"]

    options = check(
        load_plugin("digest.backends", relay.backend).Options, relay.options, where="here"
    )

    assert (options.host, options.security) == ("smtp.gazette.example", "starttls")


@pytest.mark.parametrize(
    "table", ["database", "keys", "scheduler", "delivery", "fetch", "preflight", "logging"]
)
def test_example_shows_the_defaults(table: str) -> None:
    """Whoever deletes a line there gets what the line said."""
    shown = check(Config, tomllib.loads(EXAMPLE), where="example")
    default = check(Config, tomllib.loads(SMALLEST), where="smallest")

    assert getattr(shown, table) == getattr(default, table)


def switched_on(text: str) -> str:
    """Return the example with every key active: a key switched off has no space after its mark."""
    return re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)


def keys_not_shown(model: type[BaseModel], shown: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the dotted keys of a model that the file does not show."""
    for name, field in model.model_fields.items():
        if name not in shown:
            yield f"{path}{name}"
        for inner in models_in(field.annotation):
            if inner is not RelayConfig:  # its keys are checked with each backend's
                for table in many(shown.get(name, {}), field.annotation):
                    yield from keys_not_shown(inner, table, f"{path}{name}.")


def many(below: Any, annotation: Any) -> list[Any]:
    """Return the tables under a key: one, those of an array, or those of a table of tables."""
    if get_origin(annotation) is dict:
        return list(below.values())
    return below if isinstance(below, list) else [below] if below else []


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {list, dict, tuple, Union, UnionType}:
        for inner in get_args(annotation):
            yield from models_in(inner)


def test_error_repeats_no_value_and_hides_its_cause(tmp_path: Path) -> None:
    """A mistyped key may hold a password, and tracebacks go into logs."""
    password = "hunter" + "2"  # no source line of the traceback shows it
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, SMALLEST.replace("[web]", f"[web]\npasword = '{password}'"))

    written = "".join(traceback.format_exception(caught.value))
    assert "web.pasword: this key is unknown" in written
    assert password not in written


@pytest.mark.parametrize("hours", ["inf", "nan", "1e12"])
def test_number_beyond_reason_is_named(tmp_path: Path, hours: str) -> None:
    said = refusal(tmp_path, f"{SMALLEST}\n[delivery]\nretry_window_hours = {hours}\n")

    assert "config.toml: delivery.retry_window_hours: " in said


GUARDED = {
    "guarded": True,
    "guarded_names": ["Gazette"],
    "public_url": "https://letters.neutral.example",
    "host": "post.neutral.example",
    "sender": {"name": "Friday letter", "address": "letters@neutral.example"},
}


def _guarded(**changes: Any) -> NewsletterConfig:
    given = {"slug": "weekly", "name": "The Gazette", "relay": "main", "postal_address": "12 Quay"}
    return check(NewsletterConfig, {**given, **GUARDED, **changes}, where="x")


def test_guarded_newsletter_has_no_pictures_unless_they_are_in_the_mail() -> None:
    assert _guarded().shown_pictures == "none"
    assert _guarded(pictures="embedded").shown_pictures == "embedded"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pictures": "linked"}, 'pictures must be "embedded" or "none"'),
        ({"guarded_names": []}, "say in guarded_names what must not be seen"),
        ({"public_url": None}, "in public_url where the reader pages are"),
        ({"host": "digest.gazette.example"}, "host holds 'Gazette'"),
        ({"slug": "the-gazette"}, "slug holds"),
        ({"bounce_address": "back@ga-zette.example"}, "bounce_address holds"),
        ({"sender": {"name": "G A Z E T T E", "address": "a@b.example"}}, "sender.name holds"),
        ({"privacy_url": "https://gazette.example/p"}, "privacy_url holds"),
        (
            {"dkim": [{"selector": "s", "key_file": "k", "domain": "gazette.example"}]},
            "dkim.s holds",
        ),
    ],
)
def test_guarded_newsletter_that_gives_itself_away_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        _guarded(**changes)
