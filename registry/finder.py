"""Finding datasets: ranked full text with forgiveness for typos, filters, one page of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Integer,
    Select,
    TextualSelect,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy import text as sql

from registry.errors import UnknownOption
from registry.names import fold, squeeze
from registry.search_index import LANGUAGE
from registry.standing import Row, table
from registry.tables import Dataset, DatasetAlias, DatasetTerm, Finding, FindingDataset, Link
from registry.vocabulary import ACCESS, MODALITY, SPECIALTY, STANDING, TASK, TERMS

if TYPE_CHECKING:
    import polars as pl

MAX_WORDS = 24
USES = {"commercial": True, "non-commercial": False, "unclear": None}
"""What the effective licence says of commercial use: allowed, forbidden, not known."""

SORTS = ("relevance", "name", "year", "examples", "cited_by", "findings", "updated")


class Filters(NamedTuple):
    """What the found datasets must have; several values of one filter are alternatives, filters add up."""

    language: tuple[str, ...] = ()
    task: tuple[str, ...] = ()
    modality: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    terms: str | None = None
    has_findings: bool | None = None
    status: tuple[str, ...] = ()
    loadable: bool | None = None


class Page(NamedTuple):
    """One page of rows, the number of all, and the words searched for where they were mended."""

    rows: list[Row]
    total: int
    mended: str | None = None


def filters(**given: Any) -> Filters:
    """Filters from loose arguments: a word, several, or None.

    Raises:
        UnknownOption: a value that the vocabulary does not have.
    """
    allowed = {"task": TASK, "modality": MODALITY, "specialty": SPECIALTY, "access": ACCESS, "status": STANDING}
    made: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value == "":
            continue
        if name in ("terms", "has_findings", "loadable"):
            made[name] = value
            continue
        words = (value,) if isinstance(value, str) else tuple(value)
        for word in words:
            if name in allowed and word not in allowed[name]:
                raise UnknownOption(name, word, allowed[name])
        made[name] = tuple(word.lower() for word in words) if name == "language" else words
    if made.get("terms") not in (None, *USES, *TERMS):
        raise UnknownOption("terms", made["terms"], (*USES, *TERMS))
    return Filters(**made)


def _conditions(wanted: Filters) -> list[ColumnElement[bool]]:
    # An alias of its own, or the counts of facets, which join the same table, would take it for theirs.
    datasets, terms = table(Dataset), table(DatasetTerm).alias("had")
    found: list[ColumnElement[bool]] = [datasets.c.removed_at.is_(None)]
    for facet in ("language", "task", "modality", "specialty"):
        if values := getattr(wanted, facet):
            of_this = (terms.c.dataset_id == datasets.c.id, terms.c.facet == facet, terms.c.value.in_(values))
            found.append(exists(select(1).where(*of_this)))
    if wanted.access:
        found.append(datasets.c.access.in_(wanted.access))
    if wanted.status:
        found.append(datasets.c.standing.in_(wanted.status))
    if wanted.loadable is not None:
        found.append(datasets.c.loadable.is_(wanted.loadable))
    if wanted.terms in USES:
        found.append(datasets.c.commercial.is_(USES[wanted.terms]))
    elif wanted.terms:
        found.append(datasets.c[wanted.terms].is_(True))
    if wanted.has_findings is not None:
        has = exists(_standing_findings(datasets.c.id))
        found.append(has if wanted.has_findings else ~has)
    return found


def _standing_findings(dataset_id: ColumnElement[int]) -> Select[Any]:
    about, findings = table(FindingDataset), table(Finding)
    return (
        select(1)
        .join(findings, findings.c.id == about.c.finding_id)
        .where(about.c.dataset_id == dataset_id, findings.c.status != "rejected", findings.c.removed_at.is_(None))
    )


def _matching(dialect: str, words: list[str], together: bool) -> TextualSelect:
    """Subquery of (rowid, score): every word (or any) by its beginning, words of the name counting most."""
    if dialect == "sqlite":
        join = " " if together else " OR "
        match = join.join(f'"{word}"*' if len(word) > 1 else f'"{word}"' for word in words)
        statement = sql(
            "SELECT rowid, bm25(dataset_text, 8.0, 1.0) AS score FROM dataset_text WHERE dataset_text MATCH :m"
        )
        return statement.bindparams(bindparam("m", match)).columns(rowid=Integer(), score=Float())
    join = " & " if together else " | "
    match = join.join(f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in words)
    statement = sql(
        "SELECT rowid, -ts_rank(document, to_tsquery('simple', :m)) AS score FROM dataset_text"
        " WHERE document @@ to_tsquery('simple', :m)"
    )
    return statement.bindparams(bindparam("m", match)).columns(rowid=Integer(), score=Float())


def _statement(
    dialect: str, words: list[str], together: bool, typed: str, wanted: Filters, sort: str
) -> tuple[Any, Any]:
    datasets, links, aliases = table(Dataset), table(Link), table(DatasetAlias)
    cited = (
        select(func.count(func.distinct(links.c.artifact_id)))
        .where(links.c.dataset_id == datasets.c.id, links.c.ended_at.is_(None))
        .scalar_subquery()
    )
    findings = _standing_findings(datasets.c.id).with_only_columns(func.count()).scalar_subquery()
    columns: list[Any] = [datasets, cited.label("cited_by"), findings.label("findings")]
    conditions = _conditions(wanted)
    rank = case({word: index for index, word in enumerate(STANDING)}, value=datasets.c.standing, else_=len(STANDING))
    if words:
        hits = _matching(dialect, words, together).subquery("hits")
        source: FromClause = datasets.join(hits, hits.c.rowid == datasets.c.id)
        called = exists(select(1).where(aliases.c.dataset_id == datasets.c.id, aliases.c.folded == squeeze(typed)))
        relevance: list[ColumnElement[Any]] = [case((called, 0), else_=1), rank, hits.c.score]
    else:
        source, relevance = datasets, [rank]
    orders: dict[str, list[ColumnElement[Any]]] = {
        "relevance": relevance,
        "name": [func.lower(datasets.c.name)],
        "year": [datasets.c.year.desc().nulls_last()],
        "examples": [datasets.c.examples.desc().nulls_last()],
        "cited_by": [literal_column("cited_by").desc()],
        "findings": [literal_column("findings").desc()],
        "updated": [datasets.c.updated_at.desc()],
    }
    if sort not in orders:
        raise UnknownOption("sort", sort, SORTS)
    rows = select(*columns).select_from(source).where(and_(*conditions)).order_by(*orders[sort], datasets.c.slug)
    return rows, select(func.count()).select_from(source).where(and_(*conditions))


NO_FILTERS = Filters()


def page(
    connection: Connection,
    text: str = "",
    wanted: Filters = NO_FILTERS,
    *,
    sort: str = "relevance",
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """One page of the datasets that match `text` and `wanted`, best first.

    Words count by their beginnings. Where no dataset has all of them, each unknown word is mended to the nearest known
    one (`mended` tells), and failing that any of the words will do.
    """
    dialect = connection.dialect.name
    words = fold(text[:400]).split()[:MAX_WORDS]

    def look(words: list[str], together: bool) -> Page:
        rows, count = _statement(dialect, words, together, text, wanted, sort)
        total = connection.execute(count).scalar_one()
        if not total:
            return Page([], 0)
        found = connection.execute(rows.limit(max(0, min(limit, 10_000))).offset(max(0, offset)))
        return Page(_with_terms(connection, [dict(row._mapping) for row in found]), total)

    result = look(words, True)
    if result.total or not words:
        return result
    better = _mend(connection, words)
    if better != words and (result := look(better, True)).total:
        return result._replace(mended=" ".join(better))
    return look(better, False)._replace(mended=" ".join(better)) if len(words) > 1 else result


def _mend(connection: Connection, words: list[str]) -> list[str]:
    """Each word that no name or term begins with, replaced by the most similar one that is used."""
    from rapidfuzz import fuzz, process

    aliases, terms = table(DatasetAlias), table(DatasetTerm)
    texts = (
        *connection.execute(select(aliases.c.alias)).scalars(),
        *connection.execute(select(terms.c.value).distinct()).scalars(),
    )
    known = {word for name in texts for word in fold(name).split() if len(word) > 2}
    known |= {word for names in LANGUAGE.values() for word in fold(names).split() if len(word) > 2}
    known |= {squeezed for name in texts if len(squeezed := squeeze(name)) > 2}
    mended = []
    for word in words:
        hit = None
        if len(word) > 3 and not any(other.startswith(word) for other in known):
            hit = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=75)
        mended.append(hit[0] if hit else word)
    return mended


def _with_terms(connection: Connection, rows: list[Row]) -> list[Row]:
    """The rows with their facets as lists: languages, tasks, modalities, specialties."""
    terms = table(DatasetTerm)
    names = {"language": "languages", "task": "tasks", "modality": "modalities", "specialty": "specialties"}
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        row.update({name: [] for name in names.values()})
    found = connection.execute(
        select(terms).where(terms.c.dataset_id.in_(list(by_id))).order_by(terms.c.facet, terms.c.value)
    )
    for term in found:
        by_id[term.dataset_id][names[term.facet]].append(term.value)
    return rows


COLUMNS = (
    "slug", "name", "standing", "kind", "modalities", "tasks", "languages", "specialties", "access", "licence",
    "effective_licence", "commercial", "examples", "unit", "year", "findings", "cited_by", "loadable", "summary",
)  # fmt: skip


def frame(rows: list[Row]) -> pl.DataFrame:
    """The rows of a page as a Polars frame with the columns `COLUMNS`."""
    import polars as pl

    lists = {"modalities", "tasks", "languages", "specialties"}
    numbers = {"examples", "year", "findings", "cited_by"}
    schema: dict[str, Any] = {
        name: pl.List(pl.String)
        if name in lists
        else pl.Int64
        if name in numbers
        else pl.Boolean
        if name in ("commercial", "loadable")
        else pl.String
        for name in COLUMNS
    }
    return pl.DataFrame([{name: row[name] for name in COLUMNS} for row in rows], schema=schema, orient="row")


def facets(connection: Connection, text: str = "", wanted: Filters = NO_FILTERS) -> dict[str, dict[str, int]]:
    """Facet → value → number of datasets that match `text` and all filters but that facet's own.

    The facets are language, task, modality, specialty, access, status, terms (the words of `USES`) and has_findings
    ("yes", "no").
    """
    datasets, terms = table(Dataset), table(DatasetTerm)
    words = fold(text[:400]).split()[:MAX_WORDS]
    source: FromClause = datasets
    if words:
        # Once for all that is counted in a statement: both planners would else match anew for each dataset.
        hits = _matching(connection.dialect.name, words, True).cte("hits").prefix_with("MATERIALIZED")
        source = datasets.join(hits, hits.c.rowid == datasets.c.id)
    counts: dict[str, dict[str, int]] = {}
    for facet in ("language", "task", "modality", "specialty", "access", "status"):
        conditions = _conditions(Filters(**{**wanted._asdict(), facet: ()}))
        if facet in ("access", "status"):
            column = datasets.c.access if facet == "access" else datasets.c.standing
            statement = select(column, func.count()).select_from(source).where(*conditions, column.is_not(None))
        else:
            column = terms.c.value
            joined = source.join(terms, and_(terms.c.dataset_id == datasets.c.id, terms.c.facet == facet))
            statement = select(column, func.count()).select_from(joined).where(*conditions)
        found = connection.execute(statement.group_by(column).order_by(func.count().desc(), column))
        counts[facet] = {row[0]: row[1] for row in found}

    def count(**change: Any) -> int:
        conditions = _conditions(Filters(**{**wanted._asdict(), **change}))
        return connection.execute(select(func.count()).select_from(source).where(*conditions)).scalar_one()

    counts["terms"] = {use: count(terms=use) for use in USES}
    counts["has_findings"] = {"yes": count(has_findings=True), "no": count(has_findings=False)}
    return counts
