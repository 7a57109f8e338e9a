"""Deliveries refer to issues by number only."""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keep = {"sqlite_autoincrement": True}  # reflection does not see it
    with op.batch_alter_table("deliveries", table_kwargs=keep) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_deliveries_issue_id_issues"), type_="foreignkey")


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")
