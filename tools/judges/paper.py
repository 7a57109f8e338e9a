"""The judges that read markup: MJML's own validator, and html-validate."""

from collections.abc import Sequence

from tools.judges.node_side import ask_node
from tools.judges.reference import Reference
from tools.judges.samples import Sample, texts
from tools.judges.verdicts import Findings


def judge_mjml(samples: Sequence[Sample], reference: Reference) -> Findings:
    """Return what ``mjml --validate`` says about each document, before our armour."""
    return {name: compiled.errors for name, compiled in reference.compiled(samples).items()}


def judge_markup(samples: Sequence[Sample]) -> Findings:
    """Return what html-validate says about each copy."""
    findings: Findings = ask_node("markup", texts(samples, "html"))
    return findings
