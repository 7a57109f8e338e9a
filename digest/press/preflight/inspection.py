"""Looks over one issue as it was rendered, with what was read of it before; touches no database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.config import NewsletterConfig
from digest.curation.newsletters import present_order
from digest.mirrors import Order
from digest.models import Issue
from digest.press.preflight.asking import Progress, ask
from digest.press.preflight.findings import Report
from digest.press.preflight.material import ArticleFacts, EarlierPick, Material, set_out
from digest.press.preflight.records import find_report, list_earlier, list_facts
from digest.press.preflight.rules import Rules
from digest.press.preflight.spamassassin import ask_spamassassin, find_spamassassin
from digest.press.preflight.verdict import carry_over, judge
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView

if TYPE_CHECKING:
    from digest.fetch.client import Fetcher


@dataclass(frozen=True, slots=True)
class Records:
    """What was read of an issue for its preflight, in one transaction."""

    version: int
    facts: dict[str, ArticleFacts]
    earlier: list[EarlierPick]
    before: Report | None  # the report kept with it so far
    order: Order | None = None  # of its mirrors


def read_records(session: Session, issue: Issue) -> Records:
    """Return what the database knows that the checks ask for."""
    return Records(
        issue.version,
        list_facts(session, issue),
        list_earlier(session, issue),
        find_report(issue),
        present_order(session, issue),
    )


def inspect(
    view: IssueView,
    renderings: Sequence[Rendering],
    newsletter: NewsletterConfig,
    records: Records,
    rules: Rules,
    *,
    why: str,
    clock: Clock,
    fetcher: "Fetcher | None" = None,
    progress: Progress = lambda _done, _total: None,
    quick: bool = False,
) -> Report:
    """Return the report on an issue as it was rendered; `why` is the sentence that its footer has.

    `quick` leaves SpamAssassin alone, which takes seconds. With a fetcher, links and pictures are
    asked for; without, what an earlier look at the same version found online stays. BadInput when
    no mail can be made of a rendering.
    """
    laid_out = set_out(
        view, renderings, newsletter, rules, why=why, now=clock.now(), order=records.order
    )
    facts = {
        led: records.facts[url] for led, url in laid_out.originals.items() if url in records.facts
    }
    material = replace(laid_out, articles=facts, earlier=records.earlier)
    if not quick:
        material = _scored(material)
    if fetcher is not None:
        answers = ask(fetcher, material.asked_for(), progress)
        material = replace(material, answers=answers)
    return carry_over(judge(material, version=records.version), records.before, rules)


def _scored(material: Material) -> Material:
    program = find_spamassassin() if material.rules.spamassassin else None
    if program is None:
        return material
    return replace(material, spam=ask_spamassassin(program, material.largest.message))
