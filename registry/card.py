"""The form of the curated cards: one YAML file per dataset, paper and finding, checked by these models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from registry.loadspec import Load, Strict, one_of
from registry.vocabulary import (
    ACCESS,
    CONTAINER,
    FINDING_KIND,
    FORMAT,
    KIND,
    LINEAGE,
    MODALITY,
    PAPER_KIND,
    PROVIDER,
    RELATION,
    ROLE,
    SPECIALTY,
    TASK,
)

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$")]
Arxiv = Annotated[str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})$")]
Doi = Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Year = Annotated[int, Field(ge=1900, le=2100)]


def _web_address(value: str) -> str:
    if not value.startswith(("https://", "http://", "ftp://")):
        raise ValueError(f"{value!r} is not a web address")
    return value


def _spdx(value: str) -> str:
    from registry.licences import spdx_problem

    if problem := spdx_problem(value):
        raise ValueError(problem)
    return value


Url = Annotated[str, AfterValidator(_web_address)]
Spdx = Annotated[str, AfterValidator(_spdx)]


class Paper(Strict):
    """Where a dataset or finding was published; at least one of the identifiers or the title."""

    title: str | None = None
    arxiv: Arxiv | None = None
    doi: Doi | None = None
    openalex: Annotated[str, Field(pattern=r"^W\d+$")] | None = None
    year: Year | None = None
    venue: str | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _named(self) -> Paper:
        if not (self.title or self.arxiv or self.doi or self.openalex or self.url):
            raise ValueError("a paper needs a title, an arXiv id, a DOI, an OpenAlex id or an address")
        return self


class Place(Strict):
    """One place where a dataset lives. `id` is the provider's own: ``owner/name``, a record number, a DOI."""

    provider: Annotated[str, one_of(PROVIDER)]
    id: str | None = None
    url: Url | None = None
    role: Annotated[str, one_of(ROLE)] = "unknown"
    note: str | None = None
    licence: Spdx | None = None
    """The licence as this place states it, where it was read."""
    revision: str | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Place:
        if not (self.id or self.url):
            raise ValueError("a source needs an id or a url")
        return self


class LicenceStated(Strict):
    """SPDX expressions (``LicenseRef-…`` for terms SPDX does not list); null = looked for, not found."""

    data: Spdx | None = None
    code: Spdx | None = None
    stated_in: str | None = None
    note: str | None = None


class Size(Strict):
    """How much there is: rows by split, and of what."""

    examples: Annotated[int, Field(ge=0)] | None = None
    unit: str | None = None
    splits: dict[str, int] = {}
    """Rows of parts that do not overlap."""
    parts: dict[str, int | dict[str, int]] = {}
    """Other counts: overlapping parts, patients, cohorts."""
    as_of: str | None = None
    note: str | None = None


class File(Strict):
    """A file or pattern of files at the source: `*`, `**`, `?` and `{a,b}` as in a shell."""

    path: str | None = None
    url: str | None = None
    source: str | None = None
    """The place it is in, where that is not the first source: ``hf:owner/name``, ``github:owner/name``."""
    format: Annotated[str, one_of(FORMAT)] = "other"
    container: Annotated[str, one_of(CONTAINER)] | None = None
    layout: str | None = None
    """What the format's name leaves open: dialect, nesting, one file per record …"""
    splits: list[str] = []
    bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Sha256 | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    git_blob: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    rows: int | None = None
    encoding: str | None = None
    columns: list[str] | None = None
    members: list[str] = []
    note: str | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> File:
        if not (self.path or self.url or self.note):
            raise ValueError("a file needs a path, a url or a note that says what it is")
        return self


class FieldMeaning(Strict):
    """Which column holds a usual thing, and how it is encoded there."""

    column: str | None = None
    note: str | None = None


class Parent(Strict):
    """A dataset that this one was made from."""

    dataset: Slug
    relation: Annotated[str, one_of(LINEAGE)] = "derived-from"
    note: str | None = None


class BigBio(Strict):
    """What the BigBIO collection knows of a dataset, as read from its loaders."""

    id: str
    schemas: list[str] = []
    configs: list[str] = []
    broken: str | None = None
    pubmed: bool | None = None
    local: bool | None = None
    version: str | None = None
    format_family: str | None = None
    host: str | None = None
    needs: str | None = None
    loader_bugs: list[str] = []
    new: dict[str, Any] = {}


class DatasetCard(Strict):
    """The curated card of one dataset."""

    slug: Slug
    name: str
    aliases: list[str] = []
    kind: Annotated[str, one_of(KIND)]
    summary: str
    paper: Paper | None = None
    homepage: Url | None = None
    sources: list[Place] = []
    """Where it lives, official places first."""
    access: Annotated[str, one_of(ACCESS)]
    access_note: str | None = None
    licence: LicenceStated = LicenceStated()
    languages: list[Language] = []
    modalities: list[Annotated[str, one_of(MODALITY)]] = []
    tasks: list[Annotated[str, one_of(TASK)]] = []
    specialties: list[Annotated[str, one_of(SPECIALTY)]] = []
    size: Size = Size()
    files: list[File] = []
    fields: dict[str, FieldMeaning] = {}
    example: Any = None
    """One short made-up row of the same shape."""
    derived_from: list[Parent] = []
    notes: list[str] = []
    bigbio: BigBio | None = None
    read_in: list[str] = []
    """Where each fact was read."""
    unsure: list[str] = []
    """Facts that two sources tell differently, with both values."""
    checked: dt.date | None = None
    load: Load | None = None


class Use(Strict):
    """What a paper did with a dataset."""

    dataset: Slug
    relation: Annotated[str, one_of(RELATION)]
    note: str | None = None


class PaperCard(Strict):
    """The curated card of a paper that is not itself a dataset: a model, a method, a review."""

    slug: Slug
    title: str
    arxiv: Arxiv | None = None
    doi: Doi | None = None
    openalex: Annotated[str, Field(pattern=r"^W\d+$")] | None = None
    year: Year
    venue: str | None = None
    kind: Annotated[str, one_of(PAPER_KIND)]
    github: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    summary: str
    uses: list[Use] = []
    read_in: list[str] = []
    unsure: list[str] = []
    checked: dt.date | None = None


class FindingCard(Strict):
    """The curated card of something known to be wrong with, or added to, datasets."""

    slug: Slug
    datasets: list[Slug]
    """Empty when the finding is about a class of datasets and names none."""
    kind: Annotated[str, one_of(FINDING_KIND)]
    statement: str
    effect: str | None = None
    paper: Paper | None = None
    files: list[File] = []
    note: str | None = None
    read_in: list[str] = []
    unsure: list[str] = []
    checked: dt.date | None = None


class Seed(Strict):
    """One entry of the collection that the catalogue grew from."""

    n: int
    title: str
    arxiv: Arxiv
    kinds: list[str]
    introduces: list[Slug] = []
    papers: list[Slug] = []
    note: str | None = None


class ListedSize(Strict):
    """Size as a public list gives it."""

    examples: int | None = None
    unit: str | None = None
    note: str | None = None


class Listed(Strict):
    """A dataset known from public lists only: one JSON object a line."""

    slug: Slug
    name: str
    aliases: list[str] = []
    homepage: str | None = None
    github: str | None = None
    huggingface: list[str] = []
    download: str | None = None
    paper: Paper | None = None
    year: Year | None = None
    """Of the paper, where a list gives no more of it."""
    languages: list[Language] = []
    modalities: list[Annotated[str, one_of(MODALITY)]] = []
    modality_details: list[str] = []
    """The sub-kind where a list gives one: mri, ct, histopathology …"""
    tasks: list[Annotated[str, one_of(TASK)]] = []
    specialties: list[Annotated[str, one_of(SPECIALTY)]] = []
    topics: list[str] = []
    """Tasks and specialties in words that the vocabulary does not have."""
    size: ListedSize = ListedSize()
    licence: Spdx | None = None
    licence_raw: str | None = None
    access: Annotated[str, one_of(ACCESS)] | None = None
    read_in: list[str] = []
    same_as: Slug | None = None
    maybe_same_as: list[Slug] = []
    confidence: Annotated[str, Field(pattern="^(high|medium|low)$")]
