"""Units, container, compose file and rules: well-formed, by their own tools where those are there,
and in step with the command line, the figures and the page of alerts.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.cli.main import Commands
from digest.operations.watching.alerts import ALERTS

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SERVICES = sorted(path.name for path in DEPLOY.glob("*.service"))
NEEDED = "/opt/friday/venv/bin/digest --config /var/lib/friday/config.toml "
STOP_SECONDS = 660  # ten minutes for the reply to a dot, and one to end


def unit(name: str) -> list[tuple[str, str]]:
    """Return the settings of a unit, in order."""
    lines = (DEPLOY / name).read_text().splitlines()
    return [(key, value) for key, sign, value in (line.partition("=") for line in lines) if sign]


def settings(name: str) -> dict[str, str]:
    return dict(unit(name))


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_of_a_unit_is_one(name: str) -> None:
    command = settings(name)["ExecStart"]

    assert command.startswith(NEEDED)
    assert command.removeprefix(NEEDED).split()[0] in set(Commands.entries)


def test_timer_has_its_service() -> None:
    assert (DEPLOY / "friday-backup.timer").with_suffix(".service").exists()


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("friday.service", 660), ("friday-scheduler.service", 660), ("friday-web.service", 30)],
)
def test_unit_waits_for_copies_in_flight_and_watches(name: str, seconds: int) -> None:
    said = settings(name)

    assert (said["Type"], said["KillMode"], said["LimitCORE"]) == ("notify", "mixed", "0")
    assert int(said["TimeoutStopSec"]) == seconds
    assert int(said["WatchdogSec"]) > 60  # a part may be silent for so long


@pytest.mark.parametrize("name", SERVICES)
def test_unit_is_as_closed_as_the_others(name: str) -> None:
    hardening = (DEPLOY / "friday.service").read_text().partition("# Nothing here needs")[2]

    assert hardening.partition("[Install]")[0].strip() in (DEPLOY / name).read_text()


def test_systemd_finds_no_fault(tmp_path: Path, system_part) -> None:
    program = system_part("systemd")
    paths = []
    for path in sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer")):
        copy = tmp_path / path.name
        copy.write_text(path.read_text().replace("/opt/friday/venv/bin/digest", "/bin/true"))
        paths.append(str(copy))
    command = [program, "verify", "--man=no", "--recursive-errors=no", *paths]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as a YAML reader sees it, anchors resolved."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_compose_file_names_only_what_it_declares(compose) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", [])) <= set(services)
        for volume in service.get("volumes", ()):
            place = volume.partition(":")[0]
            assert place.startswith("./") or place in compose["volumes"]
    assert (DEPLOY / "Caddyfile").exists()
    assert (ROOT / compose["x-friday"]["build"]["dockerfile"]).exists()


def test_compose_file_runs_what_there_is_and_gives_it_time(compose) -> None:
    friday = compose["services"]["friday"]

    assert {
        service["command"][0] for service in compose["services"].values() if "command" in service
    } <= set(Commands.entries)
    assert friday["stop_grace_period"] == f"{STOP_SECONDS // 60}m"
    assert compose["services"]["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert friday["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_proxy_is_reached_from_outside(compose) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == [
        "proxy"
    ]
    assert compose["networks"]["inside"] == {"internal": True}
    assert "metrics" not in (DEPLOY / "Caddyfile").read_text()


def test_container_runs_as_nobody_much_and_says_how_it_is() -> None:
    lines = (DEPLOY / "Containerfile").read_text()
    words = {
        name: re.search(rf"^{name} (.+)$", lines, re.MULTILINE)[1]
        for name in ("USER", "STOPSIGNAL", "ENTRYPOINT", "CMD")
    }
    check = re.search(r"^HEALTHCHECK .*CMD \[(.+)\]$", lines, re.MULTILINE)

    assert words == {
        "USER": "10001", "STOPSIGNAL": "SIGTERM", "ENTRYPOINT": '["digest"]', "CMD": '["run"]',
    }  # fmt: skip
    assert check is not None
    assert check[1] == '"digest", "status", "--check"'


def test_bases_are_pinned_by_name_and_version(compose) -> None:
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    images = [service["image"] for service in compose["services"].values()]

    for image in [*bases, *images]:
        assert re.fullmatch(r"[a-z]+:(\d+\.\d+(\.\d+)?-[a-z-]+|local)", image), image


def test_copied_files_are_there_and_let_into_the_context() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    let_in = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in let_in, name


def test_pins_for_postgres_are_those_of_the_tests() -> None:
    pins = (DEPLOY / "requirements-postgres.txt").read_text()
    ours = (ROOT / "requirements-dev.txt").read_text()
    for line in pins.splitlines():
        assert line.startswith("#") or line.strip(" \\") in ours, line


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    """Every rule of the file."""
    groups = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_rules_ask_for_figures_that_there_are(rules) -> None:
    sources = "".join(
        (ROOT / f"digest/operations/watching/{name}.py").read_text()
        for name in ("figures", "costly", "metrics")
    )
    there = {f"friday_{name}" for name in re.findall(r'gauge\(\s*"([a-z_]+)"', sources)}
    asked = {name for rule in rules for name in re.findall(r"friday_[a-z_]+", rule["expr"])}

    assert asked
    assert asked <= there


def test_promtool_finds_no_fault(system_part) -> None:
    command = [system_part("promtool"), "check", "rules", DEPLOY / "prometheus-rules.yml"]

    assert "SUCCESS" in subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


PAGE = (ROOT / "docs/alerts.md").read_text()


def test_page_of_alerts_has_each_and_no_other() -> None:
    headings = re.findall(r"^### `([a-z-]+)`", PAGE, re.MULTILINE)

    assert sorted(headings) == sorted(ALERTS)


@pytest.mark.parametrize("kind", ALERTS)
def test_page_says_of_each_alert_what_it_is_called_and_how_long_it_waits(kind: str) -> None:
    section = PAGE.partition(f"### `{kind}`")[2].partition("\n### ")[0]
    alert = ALERTS[kind]
    title = alert.title.replace("{}", "…")

    assert f"*{title}*" in section
    assert "means" in section
    assert "Do:" in section
    assert (_in_words(alert.after) in section) if alert.after else True


def _in_words(after: Any) -> str:
    minutes = round(after.total_seconds() / 60)
    if minutes < 60:
        return f"after {minutes} minutes"
    return "after an hour" if minutes == 60 else "after a day"


def test_page_has_every_alert_that_editors_get() -> None:
    said = {match[1] for match in re.finditer(r"\*([^*\n]+)\*", PAGE.partition("## To editors")[2])}
    for name in ("delivery/alarms.py", "delivery/breaker/alarms.py", "correspondence/asking.py"):
        source = (ROOT / "digest" / name).read_text()
        subjects = re.findall(r'NoticeText\(\s*f?"([^"]+)"', source)
        assert subjects
        for subject in subjects:
            shape = ".+".join(map(re.escape, re.split(r"\{[^}]*\}", subject)))
            assert any(re.fullmatch(shape, words) for words in said), subject
