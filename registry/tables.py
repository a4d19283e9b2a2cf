"""The tables of the catalogue.

Facts are statements, rows are projections: what a card, a list, a harvester, an audit or a reviewer says about a
thing is a `Statement`; the readable columns of `Dataset` and its facets are computed from the standing statements by
`registry.projection`. Rows are never deleted: they end (`removed_at`, `ended_at`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Dialect, Index, Text, TypeDecorator, false, text
from sqlmodel import Field, SQLModel

from registry.vocabulary import (
    CANDIDATE_STATUS,
    FINDING_ORIGIN,
    FINDING_STATUS,
    ORIGIN,
    ROLE,
    RUN_STATUS,
    STANDING,
)

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Times with a zone on both databases: SQLite stores naive UTC, PostgreSQL `timestamptz`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To UTC; a time without a zone is a mistake of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """With the zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def now() -> dt.datetime:
    """This moment in UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _among(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=column)


def _unique_while_standing(*columns: str) -> Index:
    """A unique index over the rows that have not ended."""
    condition = text("ended_at IS NULL")
    return Index(None, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)


def _long() -> Any:
    return Field(default=None, sa_type=Text)


def _time(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class Dataset(SQLModel, table=True):
    """A dataset, once, whoever hosts it. All columns but the keys are projected from statements."""

    __table_args__ = (_among("standing", STANDING),)

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    standing: str = Field(index=True)
    name: str
    kind: str | None = Field(default=None, index=True)
    summary: str | None = _long()
    homepage: str | None = None
    access: str | None = Field(default=None, index=True)
    access_note: str | None = _long()
    licence: str | None = Field(default=None, index=True)
    """SPDX expression of the data as its best source states it."""
    effective_licence: str | None = None
    """The same joined with the licences of what it is derived from."""
    commercial: bool | None = Field(default=None, index=True)
    attribution: bool | None = None
    share_alike: bool | None = None
    derivatives: bool | None = None
    agreement: bool | None = None
    examples: int | None = None
    unit: str | None = None
    year: int | None = Field(default=None, index=True)
    loadable: bool = Field(default=False, index=True)
    """Has a `load` block."""
    confidence: str | None = None
    first_seen: dt.datetime = _time()
    updated_at: dt.datetime = _time()
    removed_at: dt.datetime | None = _time(default=None)


class DatasetTerm(SQLModel, table=True):
    """A facet of a dataset: language, modality, task, specialty."""

    __tablename__ = "dataset_term"
    __table_args__ = (Index(None, "facet", "value", "dataset_id"),)

    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    facet: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class DatasetAlias(SQLModel, table=True):
    """A name that a dataset has or had; `folded` is what names are compared by."""

    __tablename__ = "dataset_alias"

    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    alias: str = Field(primary_key=True)
    folded: str = Field(index=True)
    case_sensitive: bool = False
    """Names of at most three letters count only as they are written."""


class Source(SQLModel, table=True):
    """A place where datasets live, keyed by the provider's own id."""

    __table_args__ = (
        Index(None, "provider", "native_id", unique=True),
        Index(None, "provider", "read_at"),
        _among("status", ("alive", "gone", "unknown")),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    native_id: str
    """The id that survives renames where the provider has one, else the locator."""
    locator: str = Field(index=True)
    """``owner/name``, a record number or an address."""
    url: str | None = None
    status: str = "unknown"
    revision: str | None = None
    licence_raw: str | None = _long()
    licence: str | None = None
    access: str | None = None
    archived: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    etag: str | None = None
    first_seen: dt.datetime = _time()
    last_checked: dt.datetime | None = _time(default=None)
    """When a harvester met it last, in a list or by itself."""
    read_at: dt.datetime | None = _time(default=None)
    """When all that it says was read last; None where a list has shown since that it changed."""
    last_changed: dt.datetime | None = _time(default=None)
    gone_since: dt.datetime | None = _time(default=None)


class SourceAlias(SQLModel, table=True):
    """Every name a source has or had, in lower case; hub names count without case."""

    __tablename__ = "source_alias"

    source_id: int = Field(foreign_key="source.id", primary_key=True)
    locator: str = Field(primary_key=True, index=True)
    seen: dt.datetime = _time()


class SourceLink(SQLModel, table=True):
    """Another place or a paper that the page of a source names, as it stood when the page was read last."""

    __tablename__ = "source_link"
    __table_args__ = (Index(None, "value", "scheme"),)

    source_id: int = Field(foreign_key="source.id", primary_key=True)
    scheme: str = Field(primary_key=True)
    """A provider of places, ``arxiv`` or ``doi``."""
    value: str = Field(primary_key=True)
    """The name of the place in lower case, or the id of the paper."""


class DatasetSource(SQLModel, table=True):
    """That a dataset lives at a source, in which role and why we think so."""

    __tablename__ = "dataset_source"
    __table_args__ = (_unique_while_standing("dataset_id", "source_id", "said_by"), _among("role", ROLE))

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    role: str = "unknown"
    position: int = 0
    note: str | None = _long()
    evidence: str | None = _long()
    origin: str = "curated"
    said_by: str = "card"
    first_seen: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)


class DatasetFile(SQLModel, table=True):
    """A file or pattern of files that a dataset consists of, as its card or its source lists it."""

    __tablename__ = "dataset_file"

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    source_id: int | None = Field(default=None, foreign_key="source.id", index=True)
    path: str | None = _long()
    url: str | None = _long()
    format: str | None = None
    splits: str | None = None
    """Names joined by a comma."""
    bytes: int | None = Field(default=None, sa_type=BigInteger)
    sha256: str | None = Field(default=None, index=True)
    rows: int | None = None
    note: str | None = _long()
    origin: str = "curated"


class Statement(SQLModel, table=True):
    """What somebody says about one field of a thing. `value` is canonical JSON."""

    __table_args__ = (
        _unique_while_standing("subject_kind", "subject_id", "field", "said_by"),
        Index(None, "subject_kind", "subject_id"),
        _among("origin", ORIGIN),
    )

    id: int | None = Field(default=None, primary_key=True)
    subject_kind: str
    subject_id: int
    field: str
    value: str = Field(sa_type=Text)
    origin: str
    said_by: str
    """One voice: ``card``, ``list:SLUG``, ``huggingface``, ``review:NAME`` … A voice says one thing at a time."""
    place: str | None = _long()
    """Where it was read."""
    run_id: int | None = Field(default=None, foreign_key="harvest_run.id")
    first_seen: dt.datetime = _time()
    last_seen: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)


class Artifact(SQLModel, table=True):
    """Anything published that touches a dataset: paper, model, derived dataset, code, space."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str | None = Field(default=None, unique=True)
    kind: str = Field(index=True)
    paper_kind: str | None = None
    title: str = Field(sa_type=Text)
    summary: str | None = _long()
    year: int | None = Field(default=None, index=True)
    venue: str | None = None
    url: str | None = None
    citations: int | None = None
    retracted: bool | None = None
    seed: int | None = Field(default=None, index=True)
    """Its number in the collection of papers that the catalogue grew from."""
    origin: str = "curated"
    first_seen: dt.datetime = _time()
    updated_at: dt.datetime = _time()
    removed_at: dt.datetime | None = _time(default=None)


class ArtifactId(SQLModel, table=True):
    """An identifier of an artifact; one artifact has several (arXiv, DOI, OpenAlex, hub)."""

    __tablename__ = "artifact_id"

    scheme: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    artifact_id: int = Field(foreign_key="artifact.id", index=True)


class Link(SQLModel, table=True):
    """An artifact touches a dataset: relation, evidence and how sure."""

    __table_args__ = (_unique_while_standing("artifact_id", "dataset_id", "relation", "said_by"),)

    id: int | None = Field(default=None, primary_key=True)
    artifact_id: int = Field(foreign_key="artifact.id", index=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    relation: str = Field(index=True)
    evidence: str | None = _long()
    confidence: float = 1.0
    origin: str = "curated"
    said_by: str = "card"
    run_id: int | None = Field(default=None, foreign_key="harvest_run.id")
    first_seen: dt.datetime = _time()
    last_seen: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)


class Lineage(SQLModel, table=True):
    """A dataset was made from another."""

    __table_args__ = (_unique_while_standing("child_id", "parent_id", "said_by"),)

    id: int | None = Field(default=None, primary_key=True)
    child_id: int = Field(foreign_key="dataset.id", index=True)
    parent_id: int = Field(foreign_key="dataset.id", index=True)
    relation: str
    evidence: str | None = _long()
    origin: str = "curated"
    said_by: str = "card"
    first_seen: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)


class Finding(SQLModel, table=True):
    """What is known to be wrong with datasets, or was added to them."""

    __table_args__ = (_among("origin", FINDING_ORIGIN), _among("status", FINDING_STATUS))

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    kind: str = Field(index=True)
    statement: str = Field(sa_type=Text)
    effect: str | None = _long()
    origin: str = Field(index=True)
    status: str = Field(index=True)
    revision: str | None = None
    """The revision of the data that it was measured on."""
    measured: str | None = _long()
    """The figures, as JSON, where it was measured."""
    first_seen: dt.datetime = _time()
    updated_at: dt.datetime = _time()
    removed_at: dt.datetime | None = _time(default=None)


class FindingDataset(SQLModel, table=True):
    """The datasets a finding is about."""

    __tablename__ = "finding_dataset"

    finding_id: int = Field(foreign_key="finding.id", primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True, index=True)


class FindingArtifact(SQLModel, table=True):
    """What an artifact has to do with a finding: reports, confirms, disputes, mitigates."""

    __tablename__ = "finding_artifact"

    finding_id: int = Field(foreign_key="finding.id", primary_key=True)
    artifact_id: int = Field(foreign_key="artifact.id", primary_key=True, index=True)
    relation: str = Field(primary_key=True)


class FindingRecord(SQLModel, table=True):
    """The records of a dataset that a finding points at."""

    __tablename__ = "finding_record"

    finding_id: int = Field(foreign_key="finding.id", primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    split: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True)


class Candidate(SQLModel, table=True):
    """What a machine could not decide, with its evidence, and what a person decided."""

    __table_args__ = (_among("status", CANDIDATE_STATUS),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)
    key: str = Field(unique=True)
    """What is to be decided, so that it is asked once."""
    dataset_id: int | None = Field(default=None, foreign_key="dataset.id", index=True)
    other_id: int | None = Field(default=None, foreign_key="dataset.id")
    source_id: int | None = Field(default=None, foreign_key="source.id", index=True)
    artifact_id: int | None = Field(default=None, foreign_key="artifact.id")
    payload: str = Field(default="{}", sa_type=Text)
    evidence: str | None = _long()
    score: float | None = None
    status: str = Field(default="open", index=True)
    decided_by: str | None = None
    decided_at: dt.datetime | None = _time(default=None)
    reason: str | None = _long()
    first_seen: dt.datetime = _time()
    last_seen: dt.datetime = _time()


class Event(SQLModel, table=True):
    """A change in the catalogue, readable: old and new value, where and when it was seen."""

    id: int | None = Field(default=None, primary_key=True)
    at: dt.datetime = _time(index=True)
    kind: str = Field(index=True)
    subject_kind: str
    subject_id: int
    dataset_id: int | None = Field(default=None, foreign_key="dataset.id", index=True)
    field: str | None = None
    old: str | None = _long()
    new: str | None = _long()
    origin: str | None = None
    place: str | None = _long()
    run_id: int | None = Field(default=None, foreign_key="harvest_run.id")


class HarvestRun(SQLModel, table=True):
    """One run of a harvester or of the import of the cards, with what came of it."""

    __tablename__ = "harvest_run"
    __table_args__ = (_among("status", RUN_STATUS),)

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    status: str = "running"
    started_at: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)
    requests: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    failed: int = 0
    ignored: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Places that were found and are no medical datasets."""
    least: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Requests that a run with nothing new to read would have made."""
    message: str | None = _long()


class HarvestCursor(SQLModel, table=True):
    """How far a query of a source has been read; moved only after a page is stored."""

    __tablename__ = "harvest_cursor"

    source: str = Field(primary_key=True)
    query: str = Field(primary_key=True)
    high_water: str | None = None
    cursor: str | None = _long()
    updated_at: dt.datetime = _time()


class HarvestFailure(SQLModel, table=True):
    """What could not be harvested, why, and when to try again."""

    __tablename__ = "harvest_failure"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int | None = Field(default=None, foreign_key="harvest_run.id", index=True)
    source: str = Field(index=True)
    item: str
    reason: str = Field(sa_type=Text)
    attempts: int = 1
    first_seen: dt.datetime = _time()
    last_seen: dt.datetime = _time()
    retry_after: dt.datetime | None = _time(default=None)
    ended_at: dt.datetime | None = _time(default=None)


class Card(SQLModel, table=True):
    """A curated file that was imported, by content."""

    kind: str = Field(primary_key=True)
    slug: str = Field(primary_key=True)
    path: str = Field(sa_type=Text)
    sha256: str
    imported_at: dt.datetime = _time()


class CatalogueState(SQLModel, table=True):
    """Facts about the database itself: the fingerprint of the cards it was filled from."""

    __tablename__ = "catalogue_state"

    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)
