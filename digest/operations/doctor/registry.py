"""Every check there is, under an id that never changes its meaning. docs/doctor.md has the same
table, and a test compares the two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.errors import NotFound
from digest.operations.doctor import (
    backlog,
    configuration,
    files,
    fridays,
    machine,
    newsroom,
    pages,
    plans,
    relays,
    retention,
    ring,
    store,
)
from digest.operations.doctor.case import Case
from digest.operations.doctor.dns import identity, sending, zones
from digest.operations.doctor.findings import Level, Said

Look = Callable[[Case], Iterator[Said]]

FAMILIES = {
    "The next issue": ("FRIDAY", "PLAN"),
    "At work": ("ALIVE", "BACKLOG"),
    "Configuration": ("CONFIG", "PREFLIGHT", "SIGNUP"),
    "Database": ("STORE",),
    "Keys and files": ("KEYS", "FILES"),
    "This machine": ("DISK", "CLOCK", "VERSION"),
    "Newsroom": ("LOOK", "WORDS", "MEDIA", "SOURCE"),
    "Relays and mailboxes": ("RELAY", "MAILBOX"),
    "What receivers find": ("SPF", "DKIM", "DMARC", "MX", "SOA", "PTR"),
    "Pages": ("PAGES", "MIRROR"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it looks at, the worst it may say, and what it needs.

    `store`: the database, in order. `online`: the network; such checks are done side by side.
    `shown`: people want to read it even where it is well.
    """

    look: Look
    worst: Level
    store: bool = False
    online: bool = False
    shown: bool = False

    @property
    def about(self) -> str:
        """Return what is so where nothing is found, as one sentence."""
        said = " ".join((self.look.__doc__ or "").split())
        return said.partition(": ")[2]


def _here(look: Look, worst: Level, *, store: bool = False, shown: bool = False) -> Check:
    return Check(look, worst, store=store, shown=shown)


def _online(look: Look, worst: Level, *, store: bool = False) -> Check:
    return Check(look, worst, store=store, online=True)


OPENING = "CONFIG-1"  # the command says it, where there is no instance to look at
NOTE, WARN, ERROR = Level.NOTE, Level.WARN, Level.ERROR

CHECKS: dict[str, Check] = {
    "FRIDAY-1": _here(fridays.check_next, WARN, store=True, shown=True),
    "FRIDAY-2": _here(fridays.check_last, WARN, store=True),
    "PLAN-1": _here(plans.check_plans, ERROR, store=True),
    "PLAN-2": _here(plans.check_groups, NOTE, store=True),
    "PLAN-3": _here(plans.check_warm_ups, WARN, store=True),
    "ALIVE-1": _here(backlog.check_scheduler, WARN, store=True),
    "ALIVE-2": _here(backlog.check_web, ERROR),
    "BACKLOG-1": _here(backlog.check_letters, WARN, store=True),
    "BACKLOG-2": _here(backlog.check_copies, WARN, store=True),
    "BACKLOG-3": _here(backlog.check_doubts, WARN, store=True),
    "BACKLOG-4": _here(backlog.check_requests, WARN, store=True),
    OPENING: _here(configuration.check_opening, ERROR),
    "CONFIG-2": _here(configuration.check_settings, WARN),
    "CONFIG-3": _here(configuration.check_pages, ERROR),
    "CONFIG-4": _here(configuration.check_hosts, WARN),
    "CONFIG-5": _here(configuration.check_alerts, WARN),
    "CONFIG-6": _here(configuration.check_bounces, NOTE),
    "PREFLIGHT-1": _here(newsroom.check_levels, ERROR),
    "SIGNUP-1": _here(newsroom.check_policies, ERROR),
    "STORE-1": _here(store.check_revision, ERROR),
    "STORE-2": _here(store.check_keys, ERROR, store=True),
    "STORE-3": _here(store.check_durability, ERROR, store=True),
    "STORE-4": _here(store.check_file_system, ERROR),
    "STORE-5": _here(store.check_home, ERROR, store=True),
    "KEYS-1": _here(ring.check_backup, WARN, store=True),
    "KEYS-2": _here(ring.check_place, NOTE),
    "KEYS-3": _here(ring.check_signing, ERROR),
    "FILES-1": _here(files.check_files, ERROR),
    "DISK-1": _here(machine.check_disk, ERROR, store=True),
    "DISK-2": _here(machine.check_ballast, ERROR, store=True),
    "CLOCK-1": _here(machine.check_clock, WARN),
    "CLOCK-2": _online(pages.check_time, ERROR),
    "VERSION-1": _here(machine.check_versions, WARN),
    "LOOK-1": _here(newsroom.check_looks, ERROR, store=True),
    "LOOK-2": _here(newsroom.check_templates, ERROR),
    "WORDS-1": _here(newsroom.check_words, ERROR),
    "MEDIA-1": _here(newsroom.check_media, WARN),
    "SOURCE-1": _here(newsroom.check_sources, WARN, store=True),
    "RELAY-1": _here(plans.check_relays, ERROR),
    "RELAY-2": _online(relays.check_entry, ERROR),
    "RELAY-3": _online(relays.check_offers, WARN),
    "RELAY-4": _here(retention.check_retention, WARN),
    "MAILBOX-1": _online(relays.check_mailboxes, ERROR),
    "SPF-1": _online(sending.check_spf, ERROR),
    "SPF-2": _online(sending.check_relays_in_spf, WARN),
    "DKIM-1": _online(identity.check_dkim, ERROR),
    "DMARC-1": _online(identity.check_dmarc, ERROR),
    "DMARC-2": _online(identity.check_alignment, ERROR),
    "MX-1": _online(zones.check_mx, ERROR),
    "SOA-1": _online(zones.check_soa, ERROR),
    "PTR-1": _online(zones.check_ptr, ERROR),
    "PAGES-1": _online(pages.check_pages, ERROR),
    "MIRROR-1": _online(pages.check_mirrors, ERROR, store=True),
}


def family_of(id: str) -> str:
    """Return the heading under which a check is shown."""
    prefix = id.partition("-")[0]
    return next(title for title, prefixes in FAMILIES.items() if prefix in prefixes)


def select(wanted: Sequence[str]) -> Mapping[str, Check]:
    """Return the checks of some ids (``SPF-1``) or of all that begin alike (``SPF``), in their
    order, all for none; NotFound lists the ids there are.
    """
    if not wanted:
        return CHECKS
    names = [name.upper() for name in wanted]
    for name in names:
        if not any(_is_meant(id, name) for id in CHECKS):
            raise NotFound(f"no check is called {name} (there are: {', '.join(CHECKS)})")
    return {id: check for id, check in CHECKS.items() if any(_is_meant(id, name) for name in names)}


def _is_meant(id: str, name: str) -> bool:
    return name in {id, id.partition("-")[0]}
