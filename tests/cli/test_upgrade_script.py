"""``deploy/upgrade.sh``: in which order it does what, and how it comes back.

The program is a stand-in that writes down what it is asked; tests/real/test_newer_program.py has
two real ones on one database.
"""

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "friday_digest-0.2.0-py3-none-any.whl"

# $0 lies in the folder of its version; what fails stands in a file of the newsroom.
PROGRAM = """\
#!/bin/sh
version=$(basename "$(dirname "$(dirname "$(readlink -f "$0")")")")
case $* in
*urlopen*) asked=health ;;
*known_revisions*) echo 0014; exit ;;
*sqlite3*) asked="copy" ;;
*) shift 3; shift 2; asked="$*" ;;
esac
case $asked in *--help) exit 2 ;; esac
echo "$version $asked" >>"$NEWSROOM/said"
grep -qx "$version $asked" "$NEWSROOM/fails" && { echo "error: it does not"; exit 1; }
[ "$asked" != status ] || echo "schedulers alive: 1"
"""


@dataclass
class Machine:
    """A version that runs, and a wheel of another one."""

    folder: Path
    new: str

    @property
    def home(self) -> Path:
        return self.folder / "opt"

    def __call__(self, *words: str, fails: tuple[str, ...] = ()) -> tuple[int, list[str], str]:
        """Run the script; return its status, what was done in which order, and its last words."""
        failing = [re.sub("^new ", f"{self.new} ", each) for each in fails]
        (self.folder / "fails").write_text("\n".join(failing) + "\n")
        (self.folder / "said").write_text("")
        runs = f"$(basename $(readlink -f {self.home}/venv))"
        for name, words_said in (("stop", "STOP"), ("start", f"START {runs}")):
            (self.folder / name).write_text(f"echo {words_said} >>{self.folder}/said\n")
        environment = {
            "PATH": os.environ["PATH"],
            "NEWSROOM": str(self.folder),
            "FRIDAY_HOME": str(self.home),
            "FRIDAY_USER": "root",
            "FRIDAY_BACKUPS": str(self.folder / "backups"),
            "FRIDAY_STOP": f"sh {self.folder}/stop",
            "FRIDAY_START": f"sh {self.folder}/start",
            "FRIDAY_PATIENCE": "1",
        }
        done = subprocess.run(
            ["sh", str(ROOT / "deploy/upgrade.sh"), *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = (self.folder / "said").read_text().replace(self.new, "new").splitlines()
        return done.returncode, list(dict.fromkeys(said)), done.stdout + done.stderr

    @property
    def wheel(self) -> str:
        return str(self.folder / WHEEL)

    @property
    def runs(self) -> str:
        """The version that the service's unit leads to."""
        return (self.home / "venv").resolve().name.replace(self.new, "new")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    wheel, requirements = tmp_path / WHEEL, tmp_path / "requirements.txt"
    wheel.write_text("wheel")
    requirements.write_text("")
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n"
        for path in (wheel, requirements)
    )
    name = f"venv-0.2.0-{hashlib.sha256(sums.encode()).hexdigest()[:8]}"
    for version in ("venv", name):
        program = tmp_path / "opt" / version / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(0o755)
    (tmp_path / "opt" / name / "complete").touch()  # as if it had been installed before
    return Machine(tmp_path, name)


UPGRADED = [
    "new migrate --check",
    "STOP",
    "venv copy",
    "new migrate --backed-up",
    "START new",
    "new health",
    "new status",
]


def test_upgrade_does_everything_in_order(machine: Machine) -> None:
    status, done, said = machine(machine.wheel)

    assert (status, done) == (0, UPGRADED), said
    assert machine.runs == "new"
    assert f"Back again: {ROOT}/deploy/upgrade.sh --back" in said
    assert not (machine.home / ".upgrading").exists()


def test_check_stops_nothing(machine: Machine) -> None:
    status, done, said = machine("--check", machine.wheel)

    assert (status, done) == (0, ["new migrate --check"]), said
    assert machine.runs == "venv"


def test_database_that_does_not_fit_stops_nothing(machine: Machine) -> None:
    status, done, said = machine(machine.wheel, fails=("new migrate --check",))

    assert (status, done) == (1, ["new migrate --check"])
    assert "error: it does not" in said
    assert machine.runs == "venv"


def test_version_that_is_not_well_is_taken_back(machine: Machine) -> None:
    status, done, said = machine(machine.wheel, fails=("new health", "venv-first migrate --check"))

    assert status == 1
    assert done == [
        *UPGRADED[:6],
        "venv-first migrate --check",
        "new migrate --admit 0014",
        "START venv-first",
        "venv-first health",
        "venv-first status",
    ], said
    assert "venv-first runs again" in said
    assert machine.runs == "venv-first"


@pytest.mark.parametrize("failing", ["venv copy", "new migrate --backed-up"])
def test_step_that_fails_starts_the_old_version_again(machine: Machine, failing: str) -> None:
    status, done, said = machine(machine.wheel, fails=(failing,))

    assert status == 1
    assert done[-4:] == ["venv migrate --check", "START venv", "venv health", "venv status"], said
    assert machine.runs == "venv"


def test_back_is_one_command(machine: Machine) -> None:
    machine(machine.wheel)

    status, done, said = machine("--back", fails=("venv-first migrate --check",))

    assert status == 0, said
    assert done[:4] == [
        "STOP",
        "venv-first migrate --check",
        "new migrate --admit 0014",
        "START venv-first",
    ]
    assert machine.runs == "venv-first"
    assert machine("--back")[0] == 1


def test_where_only_the_backup_leads_back_nothing_is_started(machine: Machine) -> None:
    status, done, said = machine(
        machine.wheel,
        fails=("new health", "venv-first migrate --check", "new migrate --admit 0014"),
    )

    assert status == 2
    assert done[-1] == "new migrate --admit 0014"
    assert "Nothing runs now" in said
    assert f"Restore the backup {machine.folder}/backups/before-" in said
    # With the database restored, the old version is content, and the same command starts it.
    status, done, said = machine("--back")
    assert (status, machine.runs) == (0, "venv-first"), said


def test_two_upgrades_at_once_are_one(machine: Machine) -> None:
    (machine.home / ".upgrading").mkdir()

    status, done, said = machine(machine.wheel)

    assert (status, done) == (1, [])
    assert "another upgrade is going on" in said
    assert (machine.home / ".upgrading").exists()


def test_wheel_that_is_not_there_is_said(machine: Machine) -> None:
    status, done, said = machine("nowhere.whl")

    assert (status, done) == (1, [])
    assert "there is no wheel 'nowhere.whl'" in said
