"""The catalogue: datasets, sources, statements, artifacts, links, lineage, findings, events, harvest runs

Revision: 0001
Follows:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT_SEARCH = {
    "sqlite": [
        (
            "CREATE VIRTUAL TABLE dataset_text USING fts5"
            "(name, body, tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
        )
    ],
    "postgresql": [
        """CREATE TABLE dataset_text (
            rowid bigint PRIMARY KEY REFERENCES dataset (id),
            name text NOT NULL,
            body text NOT NULL,
            document tsvector GENERATED ALWAYS AS (
                setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', body), 'D')
            ) STORED
        )""",
        "CREATE INDEX ix_dataset_text_document ON dataset_text USING gin (document)",
    ],
}


def upgrade() -> None:
    op.create_table(
        "artifact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("paper_kind", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("venue", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("citations", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact")),
        sa.UniqueConstraint("slug", name=op.f("uq_artifact_slug")),
    )
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_seed"), ["seed"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_year"), ["year"], unique=False)

    op.create_table(
        "card",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug", name=op.f("pk_card")),
    )
    op.create_table(
        "catalogue_state",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_catalogue_state")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("homepage", sa.String(), nullable=True),
        sa.Column("access", sa.String(), nullable=True),
        sa.Column("access_note", sa.Text(), nullable=True),
        sa.Column("licence", sa.String(), nullable=True),
        sa.Column("effective_licence", sa.String(), nullable=True),
        sa.Column("commercial", sa.Boolean(), nullable=True),
        sa.Column("attribution", sa.Boolean(), nullable=True),
        sa.Column("share_alike", sa.Boolean(), nullable=True),
        sa.Column("derivatives", sa.Boolean(), nullable=True),
        sa.Column("agreement", sa.Boolean(), nullable=True),
        sa.Column("examples", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("loadable", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "standing IN ('curated', 'listed', 'harvested', 'candidate')", name=op.f("ck_dataset_standing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("slug", name=op.f("uq_dataset_slug")),
    )
    with op.batch_alter_table("dataset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_access"), ["access"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_commercial"), ["commercial"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_licence"), ["licence"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_loadable"), ["loadable"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_standing"), ["standing"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_year"), ["year"], unique=False)

    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("measured", sa.Text(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("origin IN ('curated', 'harvested', 'measured')", name=op.f("ck_finding_origin")),
        sa.CheckConstraint("status IN ('candidate', 'confirmed', 'rejected')", name=op.f("ck_finding_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("slug", name=op.f("uq_finding_slug")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_status"), ["status"], unique=False)

    op.create_table(
        "harvest_cursor",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("high_water", sa.String(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "query", name=op.f("pk_harvest_cursor")),
    )
    op.create_table(
        "harvest_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'partial', 'failed')", name=op.f("ck_harvest_run_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_run")),
    )
    with op.batch_alter_table("harvest_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_run_source"), ["source"], unique=False)

    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("locator", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("licence_raw", sa.Text(), nullable=True),
        sa.Column("licence", sa.String(), nullable=True),
        sa.Column("access", sa.String(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_checked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_changed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('alive', 'gone', 'unknown')", name=op.f("ck_source_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_locator"), ["locator"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_provider_native_id"), ["provider", "native_id"], unique=True)

    op.create_table(
        "artifact_id",
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_artifact_id_artifact_id_artifact")),
        sa.PrimaryKeyConstraint("scheme", "value", name=op.f("pk_artifact_id")),
    )
    with op.batch_alter_table("artifact_id", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_id_artifact_id"), ["artifact_id"], unique=False)

    op.create_table(
        "candidate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("artifact_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'accepted', 'rejected')", name=op.f("ck_candidate_status")),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_candidate_artifact_id_artifact")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_candidate_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["other_id"], ["dataset.id"], name=op.f("fk_candidate_other_id_dataset")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_candidate_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("key", name=op.f("uq_candidate_key")),
    )
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_candidate_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_status"), ["status"], unique=False)

    op.create_table(
        "dataset_alias",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("case_sensitive", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_alias_dataset_id_dataset")),
        sa.PrimaryKeyConstraint("dataset_id", "alias", name=op.f("pk_dataset_alias")),
    )
    with op.batch_alter_table("dataset_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_alias_folded"), ["folded"], unique=False)

    op.create_table(
        "dataset_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("format", sa.String(), nullable=True),
        sa.Column("splits", sa.String(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_file_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_dataset_file_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_file")),
    )
    with op.batch_alter_table("dataset_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_file_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_file_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_file_source_id"), ["source_id"], unique=False)

    op.create_table(
        "dataset_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('official', 'mirror', 'unknown')", name=op.f("ck_dataset_source_role")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_source_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_dataset_source_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_source")),
    )
    with op.batch_alter_table("dataset_source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_source_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_dataset_source_dataset_id_source_id_said_by"),
            ["dataset_id", "source_id", "said_by"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_dataset_source_source_id"), ["source_id"], unique=False)

    op.create_table(
        "dataset_term",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_term_dataset_id_dataset")),
        sa.PrimaryKeyConstraint("dataset_id", "facet", "value", name=op.f("pk_dataset_term")),
    )
    with op.batch_alter_table("dataset_term", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dataset_term_facet_value_dataset_id"), ["facet", "value", "dataset_id"], unique=False
        )

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_event_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["run_id"], ["harvest_run.id"], name=op.f("fk_event_run_id_harvest_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_kind"), ["kind"], unique=False)

    op.create_table(
        "finding_artifact",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifact.id"], name=op.f("fk_finding_artifact_artifact_id_artifact")
        ),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_artifact_finding_id_finding")),
        sa.PrimaryKeyConstraint("finding_id", "artifact_id", "relation", name=op.f("pk_finding_artifact")),
    )
    with op.batch_alter_table("finding_artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_artifact_artifact_id"), ["artifact_id"], unique=False)

    op.create_table(
        "finding_dataset",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_finding_dataset_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_dataset_finding_id_finding")),
        sa.PrimaryKeyConstraint("finding_id", "dataset_id", name=op.f("pk_finding_dataset")),
    )
    with op.batch_alter_table("finding_dataset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_dataset_dataset_id"), ["dataset_id"], unique=False)

    op.create_table(
        "finding_record",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_finding_record_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_record_finding_id_finding")),
        sa.PrimaryKeyConstraint("finding_id", "dataset_id", "split", "record_id", name=op.f("pk_finding_record")),
    )
    op.create_table(
        "harvest_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["harvest_run.id"], name=op.f("fk_harvest_failure_run_id_harvest_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_failure")),
    )
    with op.batch_alter_table("harvest_failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_failure_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_harvest_failure_source"), ["source"], unique=False)

    op.create_table(
        "lineage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["dataset.id"], name=op.f("fk_lineage_child_id_dataset")),
        sa.ForeignKeyConstraint(["parent_id"], ["dataset.id"], name=op.f("fk_lineage_parent_id_dataset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
    )
    with op.batch_alter_table("lineage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lineage_child_id"), ["child_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_lineage_child_id_parent_id_said_by"),
            ["child_id", "parent_id", "said_by"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_lineage_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_link_artifact_id_artifact")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_link_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["run_id"], ["harvest_run.id"], name=op.f("fk_link_run_id_harvest_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_artifact_id"), ["artifact_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_link_artifact_id_dataset_id_relation_said_by"),
            ["artifact_id", "dataset_id", "relation", "said_by"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_link_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_relation"), ["relation"], unique=False)

    op.create_table(
        "source_alias",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("locator", sa.String(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_alias_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", "locator", name=op.f("pk_source_alias")),
    )
    with op.batch_alter_table("source_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_alias_locator"), ["locator"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "origin IN ('reviewed', 'curated', 'harvested', 'listed', 'measured')", name=op.f("ck_statement_origin")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["harvest_run.id"], name=op.f("fk_statement_run_id_harvest_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_statement_subject_kind_subject_id"), ["subject_kind", "subject_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_statement_subject_kind_subject_id_field_said_by"),
            ["subject_kind", "subject_id", "field", "said_by"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    for statement in TEXT_SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for name in (
        "dataset_text",
        "statement",
        "source_alias",
        "link",
        "lineage",
        "harvest_failure",
        "finding_record",
        "finding_dataset",
        "finding_artifact",
        "event",
        "dataset_term",
        "dataset_source",
        "dataset_file",
        "dataset_alias",
        "candidate",
        "artifact_id",
        "source",
        "harvest_run",
        "harvest_cursor",
        "finding",
        "dataset",
        "catalogue_state",
        "card",
        "artifact",
    ):
        op.drop_table(name)
