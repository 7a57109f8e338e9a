"""The list of what revisions do beyond adding, each with its reason; a test refuses all else.

`old_programs`: whether a program from before the step works with the tables after it all the same,
so that an operator can go back without restoring a backup. docs/upgrading.md has the rule.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """Why a revision may do more than add."""

    reason: str
    old_programs: bool = False


ALLOWED: dict[tuple[str, str], Allowance] = {
    ("0002", "drop_index deliveries.ix_deliveries_open"): Allowance(
        "an index holds no data; an older program is slower without it", old_programs=True
    ),
    ("0004", "drop_constraint deliveries.fk_deliveries_issue_id_issues"): Allowance(
        "a check for every row of a freeze; rows of the ledger are written from an issue's row in"
        " the same transaction, by older programs too",
        old_programs=True,
    ),
    ("0005", "alter_column relay_seats.relay"): Allowance(
        "a longer text fits; an older program asks for the seats of the names it knows",
        old_programs=True,
    ),
}
