"""caniemail as a ratchet: what our mails use although some mail program lacks it is on a list, and
a new entry is somebody's decision.

The list is ``features.json``; only `Ratchet.accept` writes it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.judges.node_side import HERE, ask_node
from tools.judges.samples import Sample, texts
from tools.judges.verdicts import Findings

ACCEPTED = HERE / "features.json"
Features = Mapping[str, str]  # who lacks a feature, in words, by its name


class Ratchet:
    """The accepted features of a file, and what the mails use beside them."""

    def __init__(self, file: Path = ACCEPTED) -> None:
        self._file = file
        self._accepted: Features = json.loads(file.read_text("utf-8"))
        self._used: dict[str, str] = {}

    def judge(self, samples: Sequence[Sample]) -> Findings:
        """Return the features of each copy that some mail program lacks and nobody accepted."""
        found = features_of(samples)
        for features in found.values():
            self._used |= features
        return {name: new_features(features, self._accepted) for name, features in found.items()}

    def gone(self) -> list[str]:
        """Return what was accepted once and no judged copy uses now."""
        return sorted(self._accepted.keys() - self._used.keys())

    def accept(self, samples: Sequence[Sample]) -> None:
        """Write the list anew: every feature the samples use, and who lacks it."""
        used: dict[str, str] = {}
        for features in features_of(samples).values():
            used |= features
        written = json.dumps(used, indent=2, sort_keys=True, ensure_ascii=False)
        self._file.write_text(written + "\n", "utf-8")
        self._accepted = used


def new_features(used: Features, accepted: Features) -> list[str]:
    """Return, in words, the features that are not on the list."""
    return [f"{name} is new: {lack}" for name, lack in used.items() if name not in accepted]


def features_of(samples: Sequence[Sample]) -> dict[str, dict[str, str]]:
    """Return, by sample, each feature that is not supported everywhere, and by how many."""
    answer = ask_node("caniemail", texts(samples, "html"))
    return {
        sample: {name: _in_words(**lack) for name, lack in features.items()}
        for sample, features in answer.items()
    }


def _in_words(none: int, partly: int) -> str:
    return f"not supported by {none} mail programs, partly by {partly}"
