"""Proofs from the desk: test copies, marked as such, to oneself, to colleagues, to an address.

Colleagues are named by their id: whoever sends a proof needs to know nobody's address. Nothing of
the record names one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from digest.app import App
from digest.blocks import EDITIONS
from digest.delivery.outcome import Accepted, Outcome, outcome_in_words, unnamed
from digest.editors.accounts import Person, list_editors, name_in_records
from digest.editors.audit import note
from digest.editors.proofs import count_proofs
from digest.editors.sessions import Signed
from digest.errors import BadInput, Refused
from digest.models import Role
from digest.subscribers.addresses import parse_address
from digest.web.desk.doors import signed_of
from digest.web.desk.showing import EDITION_NAMES
from digest.web.forms import PostedForm

MOST = 10  # people at once


@dataclass(frozen=True, slots=True)
class Receiver:
    """One who gets a proof: what they are called here, in the record, and their address."""

    name: str
    recorded: str
    address: str


@dataclass(frozen=True, slots=True)
class SentProof:
    """What became of one proof."""

    name: str
    edition: str
    words: str
    accepted: bool


def send_proofs(
    instance: App, request: Request, reference: str, form: PostedForm
) -> list[SentProof]:
    """Mail the proofs that a form asks for and write that down; return what became of each.

    Refused where they would be too many or an address is typed by who may not; BadInput where
    nobody, no edition, or no address is named.
    """
    signed = signed_of(request)
    receivers = _receivers(instance, signed, form)
    editions = [each for each in EDITIONS if each in form.all("edition")]
    if not receivers or not editions:
        raise BadInput("Say who gets the proof, and of which edition.")
    with instance.db.write() as session:  # before anything leaves, and in no transaction with it
        how_many, now = len(receivers) * len(editions), instance.clock.now()
        count_proofs(session, instance.sealer, signed.editor_id, how_many, now)
    to = [each.address for each in receivers]
    oneself = name_in_records(signed.editor_id)
    others = {each.address: signed.name for each in receivers if each.recorded != oneself}
    outcomes = asyncio.run(instance.send_proofs(reference, to, editions, others))
    sent = _said(receivers, editions, outcomes)
    with instance.db.write() as session:
        detail = {
            "to": ", ".join(each.recorded for each in receivers),
            "editions": ", ".join(editions),
            "accepted": f"{sum(each.accepted for each in sent)} of {len(sent)}",
        }
        note(session, signed.editor_id, "mail proof", reference, instance.clock.now(), detail)
    return sent


def list_colleagues(instance: App, signed: Signed) -> list[Person]:
    """Return everybody else who may work at the desk."""
    with instance.db.read() as session:
        people = list_editors(session, instance.sealer)
    return [each for each in people if each.active and each.id != signed.editor_id]


def _receivers(instance: App, signed: Signed, form: PostedForm) -> list[Receiver]:
    with instance.db.read() as session:
        people = {str(p.id): p for p in list_editors(session, instance.sealer) if p.active}
    wanted = list(dict.fromkeys(form.all("to")))
    unknown = [each for each in wanted if each not in people]
    if unknown:
        raise BadInput("One of these people is no longer at the desk. Open the page anew.")
    found = [
        Receiver(people[each].name, name_in_records(people[each].id), people[each].address)
        for each in wanted
    ]
    if typed := form.text("address"):
        if not signed.role.may(Role.EDITOR):
            raise Refused("Only editors may send a proof to an address.")
        address = parse_address(typed).address
        found.append(Receiver(address, "an address", address))
    if len(found) > MOST:
        raise BadInput(f"{MOST} people at once are the most.")
    return found


def _said(
    receivers: Sequence[Receiver], editions: Sequence[str], outcomes: Sequence[tuple[str, Outcome]]
) -> list[SentProof]:
    wanted = [(receiver, edition) for receiver in receivers for edition in editions]
    return [
        SentProof(
            receiver.name,
            EDITION_NAMES[edition],
            outcome_in_words(unnamed(outcome, receiver.address)),
            isinstance(outcome, Accepted),
        )
        for (receiver, edition), (_, outcome) in zip(wanted, outcomes, strict=True)
    ]
