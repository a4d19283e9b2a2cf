"""Records to tokens: render, lay out, cut into pieces, encode each once, make rows fit."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from loaders.options import CUTS, ENGINES, LABELS, PACKINGS, TRUNCATES
from loaders.ragged import begins, spread, taken
from loaders.telling import caller
from loaders.tokens import LEARNED, Arrays, Tokens
from registry.errors import UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.boundaries import Boundaries
    from loaders.inert import Encoder
    from loaders.records import Records
    from loaders.template_files import Template
    from loaders.templates import Layout
    from loaders.tokenizers import Source
    from loaders.tokenstore import Shard
    from loaders.truncate import References

SHARD_ROWS = 1 << 17
SHARD_BYTES = 128 << 20
"""Records of a shard, and bytes of their text; a shard is made from its records alone, so both shape the tokens."""
TRIED_ROWS, TRIED_BYTES = 64, 100_000
"""Records, and bytes of their text, whose tokens are also made without any cut, to see that they are the same."""


class Job(NamedTuple):
    """All that shapes tokens but the records; plain values and a tokenizer, fit for other processes."""

    source: Source
    schema: str
    template: Template
    max_length: int
    truncate: str
    labels: str


def tokenize(
    records: Records,
    tokenizer: object,
    *,
    template: Any = "chat",
    max_length: int = 2048,
    truncate: str = "context",
    labels: str = "answer",
    packing: str = "best-fit",
    engine: str = "local",
    offline: bool | None = None,
) -> Tokens:
    """Token ids and labels of records.

    The ids of each stretch of text between two control tokens are those of the `tokenizers` library, whatever encodes
    it. Nothing in a record becomes a control token: "<|im_end|>" in a note stays text. Tokens of records that
    `registry.load` gave are kept in the cache and mapped from there the next time.

    Args:
        records: rows of a canonical schema.
        tokenizer: Hub id, folder, path of a tokenizer.json, `tokenizers.Tokenizer` or fast transformers tokenizer.
        template: "chat" (the tokenizer's own chat template, else ChatML where it has the tokens, else role headers),
            "plain", another packaged one, a file or a `registry.Template`; docs/templates.md tells of them.
        max_length: most tokens of a row. Longer rows of the schema `text` become several.
        truncate: what goes of a row that is too long: "context" (its end), "context-head", "context-middle", and then
            the oldest turns and the beginning of the question; or "drop", the row. An answer is never cut: where it
            does not fit with anything of its question, the row is dropped.
        labels: where loss is taken: "answer" (each answer and the token that ends it), "last-answer",
            "all-but-system", "all".
        packing: how rows share a pack: "best-fit", or "none" for one row each.
        engine: "local", or "ray" to encode shards of records on a Ray cluster; the tokens are the same.
        offline: True asks no Hub for the tokenizer; None takes REGISTRY_OFFLINE.

    Returns:
        Tokens; `manifest` counts the rows that were cut and dropped, and why. Dropped rows are warned of.

    Raises:
        TokenizerError: no usable tokenizer.
        UnknownOption: a word that an option does not have.
        UsageError: the records hold no text; `max_length` is no positive number.
    """
    from loaders.template_files import open_template
    from loaders.tokenizers import open_tokenizer

    for name, value, allowed in (
        ("truncate", truncate, TRUNCATES),
        ("labels", labels, LABELS),
        ("packing", packing, PACKINGS),
        ("engine", engine, ENGINES),
    ):
        if value not in allowed:
            raise UnknownOption(name, value, allowed)
    if max_length < 1:
        raise UsageError(f"max_length must be a positive number of tokens, not {max_length!r}")
    form = open_template(template)
    source = open_tokenizer(tokenizer, offline=offline)
    job = Job(source, records.schema, form, max_length, truncate, labels)
    arrays, folder, told, made = _made(records, job, engine)

    manifest = {
        "records": records.manifest,
        "tokenizer": {
            "name": source.name,
            "sha256": source.sha256,
            "vocabulary": source.vocabulary,
            "engine": made.get("engine"),
            "compared": made.get("compared", {}),
        },
        "template": {"name": form.name, "sha256": form.digest, "layout": made.get("layout")},
        "options": {"max_length": max_length, "truncate": truncate, "labels": labels, "packing": packing},
        "counts": {name: told.get(name, 0) for name in ("records", "rows", "tokens", "learned", "stored")},
        "cut_rows": told.get("cut", 0),
        "cut": {what: told.get(what, 0) for what in ("context", "turns", "question")},
        "divided_records": told.get("divided", 0),
        "dropped_rows": {"too_long": told.get("too long", 0), "no_text": told.get("no text", 0)},
        "rows_without_labels": told.get("unlearned", 0),
    }
    if told.get("too long"):
        warnings.warn(
            f"{told['too long']:,} of {len(records):,} rows do not fit {max_length:,} tokens and were dropped: "
            + ("truncate='drop'" if truncate == "drop" else "an answer is never cut; raise max_length to keep them"),
            stacklevel=caller(),
        )
    return Tokens(arrays, max_length, source.pad, packing, manifest, folder, records)


def _made(records: Records, job: Job, engine: str) -> tuple[Arrays, Path | None, dict[str, int], dict[str, Any]]:
    """The tokens from the cache, or made now; those of records that no load gave are held in memory."""
    from loaders import tokenstore

    if records.key is None:
        return tokenstore.held(_shards(records, job, engine, None))
    inputs = {
        "records": records.key,
        "tokenizer": job.source.sha256,
        "named": dict(sorted(job.source.named.items())),
        "around": [list(job.source.before), list(job.source.after)],
        "chat_template": job.source.chat_template and hashlib.sha256(job.source.chat_template.encode()).hexdigest(),
        "tokenizers": version("tokenizers"),
        "template": job.template.digest,
        "max_length": job.max_length,
        "truncate": job.truncate,
        "labels": job.labels,
    }
    key = tokenstore.key_of(inputs)
    folder = tokenstore.stored(key, inputs, lambda left: _shards(records, job, engine, left))
    content = tokenstore.whole(folder)
    assert content is not None  # noqa: S101 - it was just seen or made
    return tokenstore.mapped(folder), folder, content["counts"], tokenstore.made(folder)


def _shards(records: Records, job: Job, engine: str, left: Path | None) -> Iterator[Shard]:
    if engine == "local":
        return local(records, job)
    from loaders.cluster import shards

    return shards(records, job, left)


def local(records: Records, job: Job) -> Iterator[Shard]:
    """The shards of records, made one after another in this process."""
    maker = Maker(job)
    edges = shard_edges(records.frame)
    for first, last in pairwise(edges):
        yield maker.shard(records.frame.slice(first, last - first), first)


def shard_edges(frame: pl.DataFrame) -> list[int]:
    """Where shards begin and the last ends: at most `SHARD_ROWS` records and, but for one alone, `SHARD_BYTES`."""
    bounds = begins(text_bytes(frame))
    edges = [0]
    while edges[-1] < frame.height:
        full = int(np.searchsorted(bounds, bounds[edges[-1]] + SHARD_BYTES, "right")) - 1
        edges.append(min(max(full, edges[-1] + 1), edges[-1] + SHARD_ROWS, frame.height))
    return edges if len(edges) > 1 else [0, 0]


def text_bytes(frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Bytes of text in each record's own columns; not those of `extra` and of pictures."""
    sizes = [
        size
        for name, kind in frame.schema.items()
        if name not in ("extra", "images", "signals") and (size := _size(pl.col(name), kind)) is not None
    ]
    if not sizes or not frame.height:
        return np.zeros(frame.height, np.int64)
    return frame.select(pl.sum_horizontal(sizes)).to_series().to_numpy().astype(np.int64)


def _size(column: pl.Expr, kind: Any) -> pl.Expr | None:
    if kind == pl.String:
        return column.str.len_bytes().cast(pl.Int64).fill_null(0)
    if isinstance(kind, pl.Struct):
        parts = [_size(column.struct.field(field.name), field.dtype) for field in kind.fields]
        known = [part for part in parts if part is not None]
        return pl.sum_horizontal(known) if known else None
    if isinstance(kind, pl.List):
        inner = _size(pl.element(), kind.inner)
        return None if inner is None else column.list.eval(inner).list.sum().fill_null(0)
    return None


class Maker:
    """Makes shards of one job, one after another; what it learns of the tokenizer serves them all."""

    def __init__(self, job: Job) -> None:
        from loaders.boundaries import Boundaries
        from loaders.inert import encoder_of
        from loaders.templates import layout

        self.job = job
        self.running = job.schema == "text"
        self.encoder: Encoder = encoder_of(job.source)
        self.boundaries: Boundaries = Boundaries(self.encoder)
        self.layout: Layout = layout("plain" if self.running else job.template, job.source, self.encoder)
        self.tried = False

    def shard(self, frame: pl.DataFrame, first: int) -> Shard:
        """The rows made from some records, of which `first` is the number of the first."""
        from loaders.render import said
        from loaders.speech import prepared
        from loaders.tokenstore import Shard

        job = self.job
        segments = prepared(said(frame, job.schema, job.template), self.layout)
        if not self.tried:
            self._try(segments)
        file, references, speaker = self._rows(segments)
        fitted, references = self._fitted(file, references, speaker, frame.height)
        ids = file.astype(np.uint16 if job.source.vocabulary <= 1 << 16 else np.uint32)
        rows = len(fitted.records)
        lengths = np.bincount(references.row, references.size, minlength=rows).astype(np.uint32)
        learned = np.bincount(references.row, references.size * references.learned, minlength=rows)
        told = {
            "records": frame.height,
            "rows": rows,
            "tokens": int(lengths.sum(dtype=np.int64)),
            "learned": int(learned.sum()),
            "stored": len(ids),
            "unlearned": int((learned == 0).sum()),
            **{name: fitted.counts[name] for name in (*CUTS, "cut", "divided", "too long", "no text")},
        }
        return Shard(
            ids,
            references.start,
            references.size.astype(np.uint32) | np.where(references.learned, LEARNED, np.uint32(0)),
            np.bincount(references.row, minlength=rows).astype(np.uint32),
            lengths,
            fitted.records + first,
            told,
            self._made(),
        )

    def _rows(self, segments: pl.DataFrame) -> tuple[npt.NDArray[np.int32], References, npt.NDArray[np.int64]]:
        """The token file of some records, what their rows are made of, and who speaks in each turn."""
        from loaders.assemble import NO_TURN, assemble
        from loaders.stretches import pieces
        from loaders.truncate import References

        found = pieces(segments, self.layout, self.boundaries, self.job.labels)
        everything = self.job.labels in ("all", "all-but-system")
        made = assemble(found, self.layout, self.encoder, everything=everything)
        counts = np.diff(made.bounds)[found.kind]
        runs = taken(made.runs, spread(made.bounds[found.kind], counts))
        turn = np.where(runs.turn == NO_TURN, NO_TURN, runs.turn + np.repeat(found.turn, counts))
        rows = np.repeat(found.row, counts)
        return made.ids, References(rows, runs.start, runs.size, runs.role, turn, runs.learned), found.speaker

    def _fitted(
        self, file: npt.NDArray[np.int32], references: References, speaker: npt.NDArray[np.int64], rows: int
    ) -> Any:
        from loaders.truncate import File, fit

        job = self.job
        fitted = fit(
            references,
            rows,
            File(file, self.encoder.continues),
            speaker,
            job.max_length,
            job.truncate,
            running=self.running,
        )
        return fitted, _merged(fitted.references)

    def _try(self, segments: pl.DataFrame) -> None:
        """Hold the engines, and the cuts, against the library on the first records."""
        if not segments.height:
            return
        self.tried = True
        self.encoder = self.encoder.checked(segments["text"])
        early = segments.filter(pl.col("row") < TRIED_ROWS)
        few = early["row"].filter(early["text"].str.len_bytes().cum_sum() <= TRIED_BYTES)
        some = early.filter(pl.col("row") <= max(few.max() or 0, segments["row"][0]))
        if self.boundaries.enabled:
            cut = self._written_out(some)
            self.boundaries.enabled = False
            whole = self._written_out(some)
            self.boundaries.enabled = np.array_equal(cut, whole)

    def _written_out(self, segments: pl.DataFrame) -> npt.NDArray[np.int32]:
        file, references, _ = self._rows(segments)
        return file[spread(references.start, references.size)]

    def _made(self) -> dict[str, Any]:
        return {
            "engine": self.encoder.engine,
            "layout": self.layout.name,
            "compared": {name: verdict._asdict() for name, verdict in self.encoder.verdicts.items()},
            "cuts": "proven ones" if self.boundaries.enabled else "none",
        }


def _merged(given: References) -> References:
    """References that follow each other in the file too, and are learned alike, as one."""
    if not len(given.row):
        return given
    goes_on = (
        (given.row[1:] == given.row[:-1])
        & (given.learned[1:] == given.learned[:-1])
        & (given.start[1:] == given.start[:-1] + given.size[:-1])
    )
    begun = np.flatnonzero(np.append(True, ~goes_on))
    return taken(given, begun)._replace(size=np.add.reduceat(given.size, begun))
