"""Harvests that go on for years: when a place was read whole, what its page links, what a run left out or would cost

Revision: 0002
Follows: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_link",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_link_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", "scheme", "value", name=op.f("pk_source_link")),
    )
    with op.batch_alter_table("source_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_link_value_scheme"), ["value", "scheme"], unique=False)
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_source_provider_read_at"), ["provider", "read_at"], unique=False)
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_candidate_source_id"), ["source_id"], unique=False)
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retracted", sa.Boolean(), nullable=True))
    with op.batch_alter_table("harvest_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ignored", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("least", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("harvest_run", schema=None) as batch_op:
        batch_op.drop_column("least")
        batch_op.drop_column("ignored")
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.drop_column("retracted")
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_candidate_source_id"))
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_provider_read_at"))
        batch_op.drop_column("read_at")
        batch_op.drop_column("archived")
    op.drop_table("source_link")
