"""By what a machine is known, so that a clone of it is known to be another.

Three marks, each only where there is one: the machine's id, the id that a cloud gave the instance,
and the addresses of wired network cards, of which one in common is enough. A container has none of
them that would outlive it, so in a container there are none: it is made anew all the time, on the
same volumes, and then is at home.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

IN_CONTAINERS = (".dockerenv", "run/.containerenv", "run/secrets/kubernetes.io")


@dataclass(frozen=True, slots=True)
class Machine:
    """The marks as they are, none where there is nothing to read."""

    id: str = ""
    cloud: str = ""
    cards: frozenset[str] = frozenset()

    def keyed(self, secret: str) -> "Machine":
        """Return the marks as they are kept in a database: whoever takes that learns nothing of
        the machine.
        """
        cards = frozenset(_keyed(secret, card) for card in self.cards)
        return Machine(_keyed(secret, self.id), _keyed(secret, self.cloud), cards)

    def is_other_than(self, other: "Machine") -> bool:
        """Whether two sets of marks are of two machines; a mark that one of them lacks says
        nothing.
        """
        return (
            bool(self.id and other.id and self.id != other.id)
            or bool(self.cloud and other.cloud and self.cloud != other.cloud)
            or bool(self.cards and other.cards and not self.cards & other.cards)
        )

    def as_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        return {"id": self.id, "cloud": self.cloud, "cards": sorted(self.cards)}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "Machine":
        """Return the marks that were kept."""
        cards = values.get("cards")
        kept = frozenset(map(str, cards)) if isinstance(cards, list) else frozenset()
        return cls(str(values.get("id", "")), str(values.get("cloud", "")), kept)


def read_machine(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> Machine:
    """Return the marks of the machine whose files are below `root`; none in a container."""
    if "container" in environment or any((root / name).exists() for name in IN_CONTAINERS):
        return Machine()
    return Machine(
        _one_line(root / "etc/machine-id", "[0-9a-f]{32}"),
        _one_line(root / "var/lib/cloud/data/instance-id", r"[\w.:-]{1,200}"),
        _wired_cards(root / "sys/class/net"),
    )


def _one_line(path: Path, shape: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if re.fullmatch(shape, text) else ""


def _wired_cards(folder: Path) -> frozenset[str]:
    """Return the addresses of the cards that are hardware; a wireless one may change its own."""
    found = set[str]()
    for card in folder.glob("*"):
        if (card / "device").exists() and not (card / "phy80211").exists():
            address = _one_line(card / "address", "[0-9a-f]{2}(:[0-9a-f]{2}){5}")
            found |= {address} - {"", "00:00:00:00:00:00"}
    return frozenset(found)


def _keyed(secret: str, mark: str) -> str:
    return blake2b(mark.encode(), key=secret.encode(), digest_size=8).hexdigest() if mark else ""
