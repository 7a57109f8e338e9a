"""Runs the checks over an issue's material and puts the findings in order; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from digest.config import Config
from digest.errors import ConfigError, Refused
from digest.press.preflight.budget import budget_of
from digest.press.preflight.checks import CHECKS, ONLINE
from digest.press.preflight.findings import Finding, Level, Report
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Check
from digest.press.preflight.rules import Rules

ORDER = {level: place for place, level in enumerate(Level)}
OFF = "off"


def rules_of(config: Config, where: str) -> Rules:
    """Return the newsroom's rules; ConfigError, led by `where`, for a check that does not exist."""
    given = config.preflight
    for id in given.levels:
        if id not in CHECKS:
            raise ConfigError(
                f"{where}: preflight.levels.{id}: no check has this id (docs/preflight.md has all)"
            )
    return Rules(
        levels={id: None if word == OFF else Level(word) for id, word in given.levels.items()},
        allowed_hosts=tuple(host.lower() for host in given.allowed_hosts),
        oldest_days=given.oldest_days,
        public_url=config.web.public_url,
        spamassassin=given.spamassassin,
    )


def judge(material: Material, *, version: int, checks: Mapping[str, Check] | None = None) -> Report:
    """Return the report on an issue's material; `version` is the issue's that was set out."""
    found = [
        finding
        for check in (CHECKS if checks is None else checks).values()
        for finding in _findings(check, material)
    ]
    return Report(
        issue=f"{material.newsletter.slug}/{material.view.number}",
        version=version,
        at=material.now,
        online=material.answers is not None,
        findings=tuple(sorted(found, key=lambda finding: ORDER[finding.level])),
        budget=budget_of(material.largest, material.reader_pages),
    )


def _findings(check: Check, material: Material) -> Iterator[Finding]:
    """Yield what a check says, each thing once: two editions often say the same."""
    level = _level(check, material.rules)
    if level is not None:
        for said in dict.fromkeys(check.run(material)):
            article = material.article_of(said.pick)
            yield Finding(check.id, level, said.message, said.pick, article)


def _level(check: Check, rules: Rules) -> Level | None:
    return rules.levels.get(check.id, check.level)


def carry_over(report: Report, earlier: Report | None, rules: Rules) -> Report:
    """Return a report with what an earlier look at the same version found online, where this one
    did not ask: a dead link stays dead until somebody asks again.
    """
    if report.online or earlier is None or earlier.version != report.version:
        return report
    levels = {id: _level(CHECKS[id], rules) for id in ONLINE}
    carried = [
        replace(finding, level=level)
        for finding in earlier.findings
        if (level := levels.get(finding.check)) is not None
    ]
    findings = sorted((*report.findings, *carried), key=lambda finding: ORDER[finding.level])
    return replace(report, online=earlier.online, findings=tuple(findings))


def refuse_blocked(report: Report) -> None:
    """Raise Refused, naming every finding that blocks, unless there is none."""
    if report.blocking:
        raise Refused(
            f"preflight stops {report.issue}: " + "; ".join(map(in_words, report.blocking))
        )


def in_words(finding: Finding) -> str:
    """Return a finding as one sentence, with the check it comes from."""
    about = f" ({finding.pick!r})" if finding.pick else ""
    return f"{finding.message}{about} [{finding.check}]"


def counted(findings: Iterable[Finding]) -> str:
    """Return how many findings of each level there are, such as ``1 block, 3 warn``."""
    levels = [finding.level for finding in findings]
    return ", ".join(f"{levels.count(level)} {level}" for level in Level if level in levels)
