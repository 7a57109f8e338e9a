"""Real messages of twenty years (flufl.bounce's own test data): what it finds, what we find, and
why we differ. ``pytest -s`` prints the table.
"""

import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from flufl.bounce import all_failures

from digest.delivery.feedback.classes import BounceClass
from digest.delivery.feedback.events import FeedbackKind
from digest.delivery.feedback.returned import Read, read_returned
from digest.delivery.feedback.taking import class_of

SAMPLES = Path(__file__).parent / "samples" / "flufl_bounce.tar.xz"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
# Where flufl.bounce calls an address failed and we count nothing against it: whose fault it is.
NOT_THE_READER = {
    "dsn_03": BounceClass.MESSAGE,  # larger than its provider takes
    "simple_42": BounceClass.POLICY,  # 5.7.1: our reputation
}
# Nobody finds an address: neither they nor we; such a message is kept for a person.
NOBODY = {"bounce_01", "dumbass_01", "groupwise_03", "qmail_08", "simple_43"}


def samples() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(SAMPLES) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            content = archive.extractfile(member) if member.name.endswith(".txt") else None
            if content is not None:
                yield Path(member.name).stem, content.read()


def theirs(raw: bytes) -> set[tuple[str, str]]:
    late, dead = all_failures(message_from_bytes(raw))
    found = {(address.decode().lower(), "deferred") for address in late}
    return found | {(address.decode().lower(), "bounced") for address in dead}


def ours(read: Read) -> set[tuple[str, str]]:
    return {(event.recipient.lower(), event.kind.value) for event in read.events}


def classes(read: Read) -> set[BounceClass]:
    return {class_of(each) for each in read.events if each.kind is FeedbackKind.BOUNCED}


def test_table_of_agreement() -> None:
    lines, differing, blamed, unfound = [], [], {}, set()
    counts: Counter[str] = Counter()
    for name, raw in samples():
        read = read_returned(raw, "", NOW)
        same = theirs(raw) == ours(read)
        if not same:
            differing.append(name)
        if not read.events:
            unfound.add(name)
        said = classes(read)
        for each in said:
            counts[each.value] += 1
            if not each.is_about_reader:
                blamed[name] = each
        words = ", ".join(sorted(each.value for each in said)) or "-"
        late = sum(kind == "deferred" for _, kind in ours(read))
        agree = "the same addresses" if same else "OTHER ADDRESSES"
        how = read.how or "not understood"
        lines.append(
            f"{name:14} {how:14} {len(read.events):2} found, {late} late  {agree}  {words}"
        )
    lines.append(f"classes of failures: {dict(counts)}")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")

    assert len(lines) == 118
    assert differing == []
    assert unfound == NOBODY
    assert blamed == NOT_THE_READER


def test_no_sample_shows_an_address_in_its_words() -> None:
    for name, raw in samples():
        for event in read_returned(raw, "", NOW).events:
            assert "@" not in event.detail, name
