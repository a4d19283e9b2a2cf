"""A database that knows many places, written in SQL: the numbers of a harvest that has gone on for years."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, Engine, bindparam, text

from registry.db import upgrade, writing
from registry.tables import UtcDateTime

AT = dt.datetime(2026, 11, 2, 2, 17, tzinfo=dt.UTC)
"""The night in which all of it was harvested last."""
PAPERS = 10
"""One dataset in so many has a paper."""
NAMESAKES = 10
"""So many datasets share a name."""

_ROWS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})",
    "postgresql": "WITH n(i) AS (SELECT i FROM generate_series(1, {count}) AS g(i))",
}
_KEY = "'ffffffffffff' || substr(CAST(1000000000000 + i AS TEXT), 2)"
_NAME = "'ward-notes-' || CAST(i % {names} AS TEXT)"
_PLACE = f"'clinic-' || CAST(i AS TEXT) || '/' || {_NAME}"
_SUMMARY = "'Clinical notes of hospital patients, a medical dataset, number ' || CAST(i AS TEXT)"
# Each place has its night of the week, and was read in it.
_READ = "CASE (i + {day}) % 7 " + " ".join(f"WHEN {age} THEN :ago{age}" for age in range(7)) + " END"

_OF_EACH = {
    "source (id, provider, native_id, locator, url, status, revision, licence_raw, licence, access, archived,"
    " first_seen, last_checked, read_at, last_changed)": f"i, 'huggingface', {_KEY}, {_PLACE},"
    f" 'https://huggingface.co/datasets/' || {_PLACE}, 'alive', {_KEY} || '0000000000000000', 'mit', 'MIT', 'open',"
    f" false, :at, :at, {_READ}, :at",
    "source_alias (source_id, locator, seen)": f"i, {_PLACE}, :at",
    "dataset (id, slug, standing, name, summary, access, licence, loadable, first_seen, updated_at)": "i,"
    f" 'clinic-' || CAST(i AS TEXT) || '-' || {_NAME}, 'harvested', {_NAME}, {_SUMMARY}, 'open', NULL, false,"
    " :at, :at",
    "dataset_alias (dataset_id, alias, folded, case_sensitive)": f"i, {_NAME}, 'wardnotes' || CAST(i % {{names}} AS"
    " TEXT), false",
    "dataset_source (dataset_id, source_id, role, position, origin, said_by, first_seen)": "i, i, 'unknown', 0,"
    " 'harvested', 'huggingface', :at",
    "dataset_text (rowid, name, body)": f"i, 'clinic ' || CAST(i AS TEXT) || ' ward notes', {_SUMMARY}",
    "harvest_cursor (source, query, high_water, updated_at)": f"'huggingface', 'models:' || {_PLACE}, '[]', :at",
}
_SAID = {
    "licence_raw": "'\"mit\"'",
    "licence": "'\"MIT\"'",
    "access": "'\"open\"'",
    "description": f"'\"' || {_SUMMARY} || '\"'",
}
_OF_PAPERS = {
    "artifact (id, kind, title, year, origin, first_seen, updated_at)": "i, 'paper', 'Ward notes of clinic ' || CAST(i"
    " AS TEXT) || ': a dataset', 2023, 'harvested', :at, :at",
    "artifact_id (scheme, value, artifact_id)": "'openalex', 'W' || CAST(1000000000 + i AS TEXT), i",
    "link (artifact_id, dataset_id, relation, confidence, origin, said_by, first_seen, last_seen)": f"i, i * {PAPERS},"
    " 'introduces', 0.6, 'harvested', 'huggingface', :at, :at",
}


def native(number: int) -> str:
    """The provider's id of a place."""
    return f"ffffffffffff{number:012}"


def place(number: int, known: int) -> str:
    """The name of a place."""
    return f"clinic-{number}/ward-notes-{number % (known // NAMESAKES)}"


def paper(number: int) -> str:
    """The W id of a paper, 1 to known / `PAPERS`; it introduces the dataset whose number is `PAPERS` times its own."""
    return f"W{1_000_000_000 + number}"


def fill(target: Engine, known: int) -> None:
    """Make the tables, and `known` places with a dataset each."""
    upgrade(target)
    with writing(target) as connection:
        _fill(connection, known)
    if target.dialect.name == "postgresql":
        with target.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _fill(connection: Connection, known: int) -> None:
    name = connection.dialect.name
    times = {"at": AT} | {f"ago{age}": AT - dt.timedelta(days=age or 7) for age in range(7)}
    types = [bindparam(one, type_=UtcDateTime()) for one in times]
    numbers = {"names": known // NAMESAKES, "day": AT.date().toordinal()}

    def insert(into: str, values: str, count: int) -> None:
        rows = _ROWS[name].format(count=count)
        told = text(f"INSERT INTO {into} {rows} SELECT {values.format(**numbers)} FROM n")
        used = [one for one in types if f":{one.key}" in told.text]
        connection.execute(told.bindparams(*used), {str(one.key): times[str(one.key)] for one in used})

    for into, values in _OF_EACH.items():
        insert(into, values, known)
    columns = "subject_kind, subject_id, field, value, origin, said_by, place, first_seen, last_seen"
    for field, value in _SAID.items():
        said = f"'source', i, '{field}', {value}, 'harvested', 'huggingface', NULL, :at, :at"
        insert(f"statement ({columns})", said, known)
    for field, value in (("name", f"'\"' || {_NAME} || '\"'"), ("summary", _SAID["description"])):
        said = f"'dataset', i, '{field}', {value}, 'harvested', 'huggingface', NULL, :at, :at"
        insert(f"statement ({columns})", said, known)
    for into, values in _OF_PAPERS.items():
        insert(into, values, known // PAPERS)
    if name == "postgresql":
        for table in ("source", "dataset", "artifact"):
            connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
