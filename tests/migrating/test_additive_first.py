"""Every revision only adds, or says why not; and what only adds is judged rightly."""

import textwrap
from types import ModuleType

import pytest

from digest.migrating import read_steps
from digest.migrating.allowed import ALLOWED
from digest.migrating.changes import Change, Cost
from digest.migrating.foreseeing import Step
from digest.migrating.recording import read_changes

STEPS = read_steps()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.revision)
def test_revision_only_adds_or_has_its_reason(step: Step) -> None:
    beyond = {(step.revision, change.what) for change in step.beyond_adding}

    assert beyond <= ALLOWED.keys(), (
        "this revision does more than add: docs/upgrading.md has the rule, and"
        " digest/migrating/allowed.py the list of exceptions with their reasons"
    )


def test_every_allowance_is_used_and_has_a_reason() -> None:
    done = {(step.revision, change.what) for step in STEPS for change in step.beyond_adding}

    assert ALLOWED.keys() <= done
    assert all(len(allowance.reason) > 20 for allowance in ALLOWED.values())


def changes_of(body: str) -> list[Change]:
    """Return what a made-up revision does."""
    revision = ModuleType("revision")
    source = f"import sqlalchemy as sa\nfrom alembic import op\ndef upgrade():\n{body}"
    exec(source, revision.__dict__)  # noqa: S102 - our own words, as a file would hold them
    return read_changes(revision)


def in_batch(*lines: str) -> str:
    body = "\n".join(f"batch.{line}" for line in lines)
    return f"    with op.batch_alter_table('issues') as batch:\n{textwrap.indent(body, ' ' * 8)}"


@pytest.mark.parametrize(
    "body",
    [
        "    op.create_table('a', sa.Column('id', sa.Integer, nullable=False))",
        in_batch("add_column(sa.Column('a', sa.Text, nullable=True))"),
        in_batch("add_column(sa.Column('a', sa.Text, nullable=False, server_default=''))"),
        in_batch("create_index('ix', ['a'])"),
        "    op.create_table('a', sa.Column('b', sa.Text))\n"
        "    op.create_index('ix', 'a', ['b'], unique=True)",
        in_batch(
            "add_column(sa.Column('a', sa.Integer, nullable=True))",
            "create_foreign_key('fk', 'articles', ['a'], ['id'])",
            "create_unique_constraint('uq', ['a'])",
        ),
        "    new = op.create_table('a', sa.Column('b', sa.Text))\n"
        "    op.bulk_insert(new, [{'b': 'c'}])",
    ],
)
def test_what_only_adds_is_let_through(body: str) -> None:
    assert [change.what for change in changes_of(body) if not change.adds] == []


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("    op.drop_table('issues')", "drop_table issues"),
        ("    op.rename_table('issues', 'numbers')", "rename_table issues"),
        ("    op.drop_column('issues', 'subject')", "drop_column issues.subject"),
        (in_batch("drop_column('subject')"), "drop_column issues.subject"),
        (
            in_batch("alter_column('subject', new_column_name='title')"),
            "alter_column issues.subject",
        ),
        (
            in_batch(
                "alter_column('subject', existing_type=sa.String(9), type_=sa.String(5))",
            ),
            "alter_column issues.subject",
        ),
        (in_batch("alter_column('subject', nullable=False)"), "alter_column issues.subject"),
        (
            in_batch("add_column(sa.Column('a', sa.Text, nullable=False))"),
            "add_column issues.a",
        ),
        (in_batch("create_index('ix', ['a'], unique=True)"), "create_index issues.ix"),
        (in_batch("create_unique_constraint('uq', ['a'])"), "create_constraint issues.uq"),
        (in_batch("create_check_constraint('ck', 'a > 0')"), "create_constraint issues.ck"),
        (
            in_batch("create_foreign_key('fk', 'articles', ['a'], ['id'])"),
            "create_constraint issues.fk",
        ),
        (in_batch("drop_constraint('uq', type_='unique')"), "drop_constraint issues.uq"),
        ("    op.drop_index('ix', 'issues')", "drop_index issues.ix"),
        ("    op.execute('UPDATE issues SET subject = 1')", "execute"),
        ("    op.get_bind().execute(sa.text('DELETE FROM issues'))", "get_bind"),
        ("    op.create_table_comment('issues', 'numbers')", "CreateTableCommentOp"),
    ],
)
def test_what_does_more_than_add_is_refused(body: str, what: str) -> None:
    assert [change.what for change in changes_of(body) if not change.adds] == [what]


def test_cost_is_that_of_each_database() -> None:
    wider = in_batch("alter_column('a', existing_type=sa.String(5), type_=sa.String(9))")
    other = in_batch("alter_column('a', existing_type=sa.String(5), type_=sa.Integer())")
    index = in_batch("create_index('ix', ['a'])")

    found = [(c.sqlite, c.postgres) for body in (wider, other, index) for c in changes_of(body)]

    assert found == [
        (Cost.REWRITES, Cost.NOTHING),
        (Cost.REWRITES, Cost.REWRITES),
        (Cost.READS, Cost.READS),
    ]


def test_step_with_a_change_nobody_allowed_is_not_for_old_programs() -> None:
    drop = tuple(changes_of("    op.drop_table('issues')"))

    assert not Step("9999", "Takes away", drop).for_old_programs
    assert all(step.for_old_programs for step in STEPS if step.revision <= "0014")
