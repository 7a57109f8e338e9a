"""The reference compiler, npm mjml 5, asked once for each document, whoever wants its answer.

It gets the MJML as our templates wrote it, without our armour, so our hardening is judged with the
rest, and its HTML goes past what we do to ours after the compile.
"""

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from tools.judges.node_side import ask_node
from tools.judges.samples import Sample


class Compiled(NamedTuple):
    """What the reference makes of a document, and what its validator says about it."""

    html: str
    errors: list[str]


class Reference:
    """The reference's answers so far, by document; may be asked from any thread."""

    def __init__(self) -> None:
        self._answers: dict[str, Compiled] = {}
        self._lock = Lock()

    def copies_of(self, samples: Sequence[Sample]) -> dict[str, str]:
        """Return each sample's copy as the reference would have it, by the sample's name."""
        compiled = self.compiled(samples)
        return {sample.name: sample.fill(compiled[sample.name].html) for sample in samples}

    def compiled(self, samples: Sequence[Sample]) -> dict[str, Compiled]:
        """Return the answer for each sample, by its name."""
        with self._lock:
            unknown = {sample.mjml for sample in samples} - self._answers.keys()
            if unknown:
                answers = ask_node("mjml", {source: source for source in unknown})
                self._answers |= {source: Compiled(**a) for source, a in answers.items()}
            return {sample.name: self._answers[sample.mjml] for sample in samples}
