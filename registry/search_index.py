"""The full-text table: FTS5 in SQLite, a `tsvector` in PostgreSQL, both fed with folded text.

`dataset_text` has one row a dataset (`rowid` = its id) with `name` (slug, names, aliases) and `body` (summary,
terms, paper). Folding is ours (`registry.names.fold`), so both databases match the same.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, text

from registry.names import fold
from registry.standing import chunks, select_in, table
from registry.tables import Dataset, DatasetAlias, DatasetTerm, Statement

TEXT_FIELDS = ("summary", "paper", "notes", "topics", "modality_details", "unit")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(_words(part) for part in value.values())
    if isinstance(value, list):
        return " ".join(_words(part) for part in value)
    return "" if value is None else str(value)


def index_datasets(connection: Connection, dataset_ids: Iterable[int]) -> None:
    """Write the texts of `dataset_ids` anew."""
    ids = list(dataset_ids)
    names: dict[int, list[str]] = defaultdict(list)
    bodies: dict[int, list[str]] = defaultdict(list)
    datasets, aliases, terms, said = map(table, (Dataset, DatasetAlias, DatasetTerm, Statement))
    for row in select_in(connection, datasets, datasets.c.id, ids):
        names[row["id"]] += [row["slug"], row["name"], row["slug"].replace("-", "")]
        bodies[row["id"]] += [row["access"] or "", row["licence"] or "", row["homepage"] or ""]
    for row in select_in(connection, aliases, aliases.c.dataset_id, ids):
        names[row["dataset_id"]] += [row["alias"], row["folded"]]
    for row in select_in(connection, terms, terms.c.dataset_id, ids):
        bodies[row["dataset_id"]].append(LANGUAGE.get(row["value"], "") if row["facet"] == "language" else row["value"])
    for row in select_in(
        connection,
        said,
        said.c.subject_id,
        ids,
        said.c.subject_kind == "dataset",
        said.c.field.in_(TEXT_FIELDS),
        said.c.ended_at.is_(None),
    ):
        bodies[row["subject_id"]].append(_words(json.loads(row["value"])))
    rows = [
        {
            "id": key,
            "name": fold(" ".join(dict.fromkeys(names[key]))),
            "body": fold(" ".join(bodies[key])),
        }
        for key in ids
    ]
    for part in chunks(rows):
        connection.execute(text("DELETE FROM dataset_text WHERE rowid = :id"), [{"id": row["id"]} for row in part])
        connection.execute(text("INSERT INTO dataset_text (rowid, name, body) VALUES (:id, :name, :body)"), part)


LANGUAGE = {
    "ar": "arabic",
    "bn": "bengali",
    "cs": "czech",
    "da": "danish",
    "de": "german deutsch",
    "el": "greek",
    "en": "english",
    "es": "spanish español",
    "eu": "basque",
    "fa": "persian farsi",
    "fi": "finnish",
    "fr": "french français",
    "he": "hebrew",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian italiano",
    "ja": "japanese 日本語",
    "ko": "korean 한국어",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese português",
    "ro": "romanian română",
    "ru": "russian русский",
    "sv": "swedish svenska",
    "sw": "swahili",
    "th": "thai",
    "tr": "turkish",
    "uk": "ukrainian",
    "ur": "urdu",
    "vi": "vietnamese",
    "zh": "chinese 中文",
}
"""ISO 639-1 code → what people type when they look for the language."""
