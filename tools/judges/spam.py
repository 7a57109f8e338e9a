"""SpamAssassin: the whole message as it goes over the wire must score under LIMIT.

Only its own rules judge, those of the installed package, without network, history or learning, so
that the same mail has the same score everywhere. A message of ours has no Received header yet; a
made-up one would be judged as what it is.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.judges.node_side import JudgeBroken
from tools.judges.samples import Sample
from tools.judges.verdicts import Findings

LIMIT = 1.0
SECONDS = 300.0
RULES = "/usr/share/spamassassin"
SETTINGS = (
    "report_safe 0",
    "use_bayes 0",
    "fold_headers 0",
    "add_header all Judged _TESTSSCORES(,)_",
)
JUDGED = re.compile(rb"^X-Spam-Judged: (\S+)", re.MULTILINE)


def judge_spam(samples: Sequence[Sample]) -> Findings:
    """Return the score and its rules for each message that reaches LIMIT."""
    with tempfile.TemporaryDirectory(prefix="friday-judges-") as folder:
        files = [Path(folder) / f"{number:03}.eml" for number in range(len(samples))]
        for file, sample in zip(files, samples, strict=True):
            file.write_bytes(sample.message)
        scores = JUDGED.findall(_run(files))
    if len(scores) != len(samples):
        raise JudgeBroken(f"spamassassin judged {len(scores)} of {len(samples)} messages")
    return {
        sample.name: faults_in(rules.decode())
        for sample, rules in zip(samples, scores, strict=True)
    }


def _run(files: Sequence[Path]) -> bytes:
    program = shutil.which("spamassassin")
    if program is None:
        raise JudgeBroken("spamassassin is not installed; apt-get install spamassassin")
    # -L: nothing from the network. -x: no user's own settings.
    options = ["-L", "-t", "-x", "--nocreate-prefs", f"--configpath={RULES}"]
    settings = [f"--cf={setting}" for setting in SETTINGS]
    done = subprocess.run(
        [program, *options, *settings, *map(str, files)],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},  # rules differ by the judge's language
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise JudgeBroken(f"spamassassin: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def faults_in(rules: str) -> list[str]:
    """Return what is to be said of a message; `rules` are ``NAME=points`` with commas between.

    The points are added up here: SpamAssassin's own sum is rounded to a tenth.
    """
    points = [(name, float(given)) for name, _, given in _parted(rules) if given]
    score = round(sum(given for _, given in points), 3)
    telling = ", ".join(f"{name} {given}" for name, given in points if given >= 0.05)
    return [] if score < LIMIT else [f"{score}: {telling}"]


def _parted(rules: str) -> Iterator[tuple[str, str, str]]:
    return (rule.partition("=") for rule in rules.split(","))
