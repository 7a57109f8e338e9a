"""Members, what readers leave out, whole articles, preflight reports."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("preflight", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("picks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("body_html", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("supports_until", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("hidden_blocks", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")
