"""Records to tokens: render, lay out, encode, take labels, make it fit."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loaders.assemble import LABELS, Block, assemble
from loaders.inert import Encoder
from loaders.render import render
from loaders.stretches import stretches
from loaders.templates import layout
from loaders.tokenizers import open_tokenizer
from loaders.tokens import IGNORED, Tokens
from loaders.truncate import CUTS, TRUNCATES, fit, windows
from registry.errors import UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.records import Records

PACKINGS = ("best-fit", "none")
ROWS_AT_ONCE = 1024


def tokenize(
    records: Records,
    tokenizer: object,
    *,
    template: str = "chat",
    max_length: int = 2048,
    truncate: str = "context",
    labels: str = "answer",
    packing: str = "best-fit",
    offline: bool | None = None,
) -> Tokens:
    """Token ids and labels of records.

    The ids of each stretch of text between two control tokens are those of the `tokenizers` library. Nothing in a
    record becomes a control token: "<|im_end|>" in a note stays text.

    Args:
        records: rows of a canonical schema.
        tokenizer: Hub id, folder, path of a tokenizer.json, `tokenizers.Tokenizer` or fast transformers tokenizer.
        template: "chat" (ChatML where the tokenizer has it, else role headers) or "plain"; see `loaders.templates`.
        max_length: most tokens of a row. Longer rows of the schema `text` become several.
        truncate: what goes of a row that is too long: "context" (its end), "context-head", "context-middle", and then
            the oldest turns and the beginning of the question; or "drop", the row. An answer is never cut: where it
            does not fit with anything of its question, the row is dropped.
        labels: where loss is taken: "answer" (each answer and the token that ends it), "last-answer",
            "all-but-system", "all".
        packing: how rows share a pack: "best-fit", or "none" for one row each.
        offline: True asks no Hub for the tokenizer; None takes REGISTRY_OFFLINE.

    Returns:
        Tokens; `manifest` counts the rows that were cut and dropped, and why. Dropped rows are warned of.

    Raises:
        TokenizerError: no usable tokenizer.
        UnknownOption: a word that an option does not have.
        UsageError: the records hold no text; `max_length` is no positive number.
    """
    for name, value, allowed in (
        ("truncate", truncate, TRUNCATES),
        ("labels", labels, LABELS),
        ("packing", packing, PACKINGS),
    ):
        if value not in allowed:
            raise UnknownOption(name, value, allowed)
    if max_length < 1:
        raise UsageError(f"max_length must be a positive number of tokens, not {max_length!r}")
    segments = render(records.frame, records.schema, template)
    source = open_tokenizer(tokenizer, offline=offline)
    encoder = Encoder(source)
    running = records.schema == "text"
    form = layout("plain" if running else template, source, encoder)

    ids, taken, sizes, numbers = [], [], [], []
    counts: Counter[str] = Counter()
    for start in range(0, len(segments), ROWS_AT_ONCE):
        part = segments.frame.slice(start, ROWS_AT_ONCE)
        block = assemble(stretches(part, form), part.height, form, encoder, labels)
        kept = list(_fitting(block, max_length, truncate, running, counts))
        for row, chosen in kept:
            ids.append(block.ids[chosen])
            taken.append(block.learned[chosen])
            sizes.append(len(ids[-1]))
            numbers.append(start + row)
    flat = np.concatenate(ids) if ids else np.empty(0, np.int32)
    learned = np.concatenate(taken) if taken else np.empty(0, bool)
    offsets = np.zeros(len(sizes) + 1, np.uint64)
    np.cumsum(sizes, out=offsets[1:])
    made = np.asarray(numbers, np.int64)
    unlearned = len(sizes) - np.unique(np.repeat(np.arange(len(sizes)), sizes)[learned]).size
    manifest = {
        "records": records.manifest,
        "tokenizer": {
            "name": source.name,
            "sha256": source.sha256,
            "vocabulary": source.tokenizer.get_vocab_size(),
            "engine": f"tokenizers {version('tokenizers')}",
        },
        "template": {"name": template, "layout": form.name},
        "options": {"max_length": max_length, "truncate": truncate, "labels": labels, "packing": packing},
        "counts": {"records": len(segments), "rows": len(sizes), "tokens": len(flat), "learned": int(learned.sum())},
        "cut_rows": counts["cut"],
        "cut": {what: counts[what] for what in CUTS},
        "divided_records": counts["divided"],
        "dropped_rows": {"too_long": counts["too long"], "no_text": counts["no text"]},
        "rows_without_labels": unlearned,
    }
    if counts["too long"]:
        warnings.warn(
            f"{counts['too long']:,} of {len(segments):,} rows do not fit {max_length:,} tokens and were dropped: "
            + ("truncate='drop'" if truncate == "drop" else "an answer is never cut; raise max_length to keep them"),
            stacklevel=3,
        )
    return Tokens(
        flat, np.where(learned, flat, np.int32(IGNORED)), offsets, made, max_length, source.pad, packing, manifest
    )


def _fitting(
    block: Block, limit: int, how: str, running: bool, counts: Counter[str]
) -> Iterator[tuple[int, slice | npt.NDArray[np.int64]]]:
    """The rows of a block and which of its tokens each is made of; counts what was cut and dropped."""
    ends = np.cumsum(block.sizes)
    for row, (end, size) in enumerate(zip(ends.tolist(), block.sizes.tolist(), strict=True)):
        span = slice(end - size, end)
        if size == 0:
            counts["no text"] += 1
        elif size <= limit:
            yield row, span
        elif running and how != "drop":
            counts["divided"] += 1
            for piece in windows(block.inside[span], limit):
                yield row, slice(span.start + piece.start, span.start + piece.stop)
        elif (fitted := fit(block.role[span], block.turn[span], block.inside[span], block.speaker, limit, how)) is None:
            counts["too long"] += 1
        else:
            counts["cut"] += 1
            counts.update(fitted.cut)
            yield row, span.start + np.flatnonzero(fitted.kept)
