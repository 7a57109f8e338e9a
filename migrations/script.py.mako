"""${message[0].upper() + message[1:]}."""
<%
    lines = [line for line in (upgrades or "pass").splitlines() if "###" not in line]
    body = "\n".join(lines)
%>
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
% if "ID," in body:

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
% endif
% if "one_of(" in body:


def one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)
% endif


def upgrade() -> None:
${body}


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")
