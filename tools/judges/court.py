"""Who judges, in which order: those who read work beside those who look, who share one browser.

Each judge gets the samples and, unmarked among them, the faults planted for it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from playwright.sync_api import Error as BrowserError

from tools.judges import outlook, paper, pictures, sight, spam, words
from tools.judges.node_side import JudgeBroken
from tools.judges.planted import PLANTED
from tools.judges.reference import Reference
from tools.judges.samples import Sample
from tools.judges.screen import Screen, open_screen
from tools.judges.support import Ratchet
from tools.judges.verdicts import Findings, Verdict, verdict_on_planted, verdicts_on

READING = ("mjml", "markup", "support", "words", "outlook", "spam")
LOOKING = ("width", "access", "pictures")
JUDGES = (*READING, *LOOKING)
# The offline file is shown by browsers, not by mail programs, and no compiler sees it.
JUDGES_OF_FILES = frozenset({"markup", "width", "access"})

Judge = Callable[[Sequence[Sample]], Findings]


class Court:
    """Hears judges on samples, and on faults planted in a `good` one; pictures that differ go to
    the folder `keep`.
    """

    def __init__(
        self, samples: Sequence[Sample], good: Sample, ratchet: Ratchet, keep: Path | None = None
    ) -> None:
        self._samples = samples
        self._good = good
        self._keep = keep
        self._reference = Reference()
        self._readers: dict[str, Judge] = {
            "mjml": partial(paper.judge_mjml, reference=self._reference),
            "markup": paper.judge_markup,
            "support": ratchet.judge,
            "words": partial(words.judge_words, reference=self._reference),
            "outlook": partial(outlook.judge_outlook, reference=self._reference),
            "spam": spam.judge_spam,
        }

    def hear(self, names: Sequence[str]) -> list[Verdict]:
        """Return every verdict of the judges of those names."""
        with ThreadPoolExecutor(1) as beside:
            reading = [
                beside.submit(self._ask, name, self._readers[name])
                for name in READING
                if name in names
            ]
            looking = self._look([name for name in LOOKING if name in names])
            return [verdict for future in reading for verdict in future.result()] + looking

    def _look(self, names: Sequence[str]) -> list[Verdict]:
        if not names:
            return []
        try:
            with open_screen() as screen:
                lookers = self._lookers(screen)
                return [verdict for name in names for verdict in self._ask(name, lookers[name])]
        except BrowserError as error:
            return [Verdict(name, "Chromium", (str(error),)) for name in names]

    def _lookers(self, screen: Screen) -> dict[str, Judge]:
        return {
            "width": partial(sight.judge_width, screen=screen),
            "access": partial(sight.judge_access, screen=screen),
            "pictures": partial(
                pictures.judge_pictures, screen=screen, reference=self._reference, keep=self._keep
            ),
        }

    def _ask(self, name: str, judge: Judge) -> list[Verdict]:
        planted = {f"planted: {fault.name}": fault for fault in PLANTED if fault.judge == name}
        faulty = [replace(fault.plant(self._good), name=label) for label, fault in planted.items()]
        fit = [sample for sample in self._samples if sample.is_mail or name in JUDGES_OF_FILES]
        try:
            findings = judge([*fit, *faulty])
        except JudgeBroken as broken:
            return [Verdict(name, sample.name, (str(broken),)) for sample in fit]
        return [
            *verdicts_on(name, [sample.name for sample in fit], findings),
            *(
                verdict_on_planted(name, fault.name, findings.get(label, ()), fault.says)
                for label, fault in planted.items()
            ),
        ]
