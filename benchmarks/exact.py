"""Compare the ids of whole datasets with those that the `tokenizers` library gives, the slow and obvious way.

A row is written out as text, control tokens and all, as the tokenizer's chat template, ChatML or role headers say, and
the library encodes it at once. Where the row's own text holds what looks like a control token, a copy of the tokenizer
in which those have other names (`loaders.control`) does so; such rows are also counted apart.
`python -m benchmarks.exact --rows 0` takes all rows of all datasets whose files are here; `--tokenizers FOLDER` adds
each tokenizer.json below a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

import registry
from benchmarks.alone import environment, real_files
from benchmarks.made_text import KINDS, tokenizer_file
from loaders.control import CHATML, control_tokens, inert
from loaders.known import known
from loaders.records import Records
from loaders.render import Segment
from loaders.tokenizers import Source, open_tokenizer
from registry.errors import MedRegistryError, UsageError
from tests.support.reference import turns
from tests.support.trained import FAMILIES, tokenizer_of

TEMPLATES = ("chat", "plain")
NO_LIMIT = 1 << 30
CHUNK = 2_000

Turns = list[tuple[str, str]]


class Count(NamedTuple):
    """What was compared, and one row that differs.

    Attributes:
        rows: compared.
        guarded: of those, with text that looks like a control token.
        differ: of those, with other ids.
        left_out: not compared: the chat template refuses them, or has their look-alikes in its own text.
    """

    rows: int = 0
    guarded: int = 0
    differ: int = 0
    left_out: int = 0
    example: str = ""

    def plus(self, other: Count) -> Count:
        """Both together."""
        rows, guarded, differ, left_out = (a + b for a, b in zip(self[:4], other[:4], strict=True))
        return Count(rows, guarded, differ, left_out, self.example or other.example)


class Slow:
    """The library itself, and how the rows of a tokenizer are written."""

    def __init__(self, given: object) -> None:
        self.source: Source = open_tokenizer(given, offline=True)
        self.plain = self.source.tokenizer
        self.guarded = Tokenizer.from_str(json.dumps(inert(self.source)))
        self.chatml = [number for token in CHATML if (number := self.plain.token_to_id(token)) is not None]
        self.alike = sorted({*control_tokens(self.source), *_added(self.plain).values()})

    def written(self, said: Turns, layout: str, names: dict[int, str]) -> tuple[list[int], str, list[int]] | None:
        """Ids, text and ids: a row as the layout says, the control tokens of its text by their `names`."""
        before, after = list(self.source.before), list(self.source.after)
        if layout == "chat-template":
            text = self._templated(said)
            return None if text is None else ([], text, [])
        if layout == "chatml":
            opens, closes = (names[number] for number in self.chatml)
            return before, "".join(f"{opens}{who}\n{text}{closes}\n" for who, text in said), []
        made, waiting, ended = "", "", False
        for who, text in said:
            if ended:
                made, ended = made + "".join(names[one] for one in after), False
            waiting += ("\n\n" if waiting else "") + (f"{who.title()}: " if layout == "headers" else "") + text
            if who == "assistant" and after:
                made, waiting, ended = made + waiting, "", True
        return before, made + waiting, after

    def _templated(self, said: Turns) -> str | None:
        from jinja2 import TemplateError

        messages = [{"role": who, "content": text} for who, text in said]
        try:
            return str(self._transformers.apply_chat_template(messages, tokenize=False))
        except (TemplateError, ValueError):
            return None

    @cached_property
    def _transformers(self) -> Any:
        from transformers import PreTrainedTokenizerFast

        named = {role: self.plain.id_to_token(number) for role, number in self.source.named.items()}
        made: Any = PreTrainedTokenizerFast
        return made(tokenizer_object=self.plain, chat_template=self.source.chat_template, **named)

    def ids(self, rows: list[Turns], layout: str) -> tuple[list[list[int] | None], int]:
        """The ids of rows, None for those that cannot be said, and how many took the guarded copy."""
        texts = pl.Series(["\n".join(text for _, text in said) for said in rows], dtype=pl.String)
        guarded = texts.str.contains_any(self.alike).to_list() if self.alike else [False] * len(rows)
        made: list[list[int] | None] = [None] * len(rows)
        for tokenizer, wanted in ((self.plain, False), (self.guarded, True)):
            if wanted and layout == "chat-template":
                continue
            names = _added(tokenizer)
            forms = {
                number: form
                for number, said in enumerate(rows)
                if guarded[number] == wanted and (form := self.written(said, layout, names)) is not None
            }
            encoded = tokenizer.encode_batch([text for _, text, _ in forms.values()], add_special_tokens=False)
            for (number, (before, _, after)), one in zip(forms.items(), encoded, strict=True):
                made[number] = [*before, *one.ids, *after]
        return made, sum(one is not None and flag for one, flag in zip(made, guarded, strict=True))


def _added(tokenizer: Tokenizer) -> dict[int, str]:
    return {number: token.content for number, token in tokenizer.get_added_tokens_decoder().items()}


def said_of(segments: list[Segment]) -> Turns:
    """The turns of a row: who, and the text with empty lines between its parts."""
    return [(who, "".join(text for _, text in pieces)) for who, pieces in turns(segments)]


def compared(records: Records, slow: Slow, template: str) -> Count:
    """Compare the rows of a split.

    Raises:
        UsageError: it holds no text.
    """
    tokens = records.tokenize(slow.source, template=template, max_length=NO_LIMIT)
    layout = "plain" if records.schema == "text" else tokens.manifest["template"]["layout"]
    rendered = records.render(template)
    total = Count()
    places = tokens.records.tolist()
    for first in range(0, len(places), CHUNK):
        chosen = places[first : first + CHUNK]
        rows = [said_of(rendered[record]) for record in chosen]
        made, guarded = slow.ids(rows, layout)
        wrong = [
            number
            for number, one in enumerate(made)
            if one is not None and tokens[first + number]["input_ids"].tolist() != one
        ]
        example = f"row {chosen[wrong[0]]}: {rows[wrong[0]]!r:.300}" if wrong else ""
        left = made.count(None)
        total = total.plus(Count(len(chosen) - left, guarded, len(wrong), left, example))
    return total


def splits(rows: int) -> Iterator[tuple[str, Records]]:
    """Every split of every dataset whose files are here, in every configuration; at most so many rows, 0 for all."""
    for folder in sorted(real_files().iterdir()):
        try:
            card = known(folder.name).card
            configs: list[Any] = list(card.load.configs) if card.load and card.load.configs else [None]
        except MedRegistryError:
            continue
        for config in configs:
            try:
                loaded = registry.load(folder.name, config=config, offline=True)
            except MedRegistryError:
                continue
            for split, records in loaded.items():  # type: ignore[union-attr]
                if isinstance(records, Records):
                    frame = records.frame.head(rows) if rows else records.frame
                    name = f"{folder.name}{f' {config}' if config else ''}/{split}"
                    yield name, Records(frame, records.schema)


def tokenizers(folders: list[Path]) -> Iterator[tuple[str, Slow]]:
    """The tokenizers trained for the benchmarks and the tests, and those in folders."""
    for kind in KINDS:
        yield kind, Slow(tokenizer_file(kind))
    for family in FAMILIES:
        yield f"{family} (of the tests)", Slow(tokenizer_of(family))
    for folder in folders:
        for path in sorted(folder.rglob("tokenizer.json")):
            try:
                yield str(path.parent.relative_to(folder)), Slow(path)
            except MedRegistryError as error:
                print(f"{path}: {error}", file=sys.stderr)


def main() -> None:
    """Print the table, and the rows that differ; the exit status says whether any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300, help="of each split at most; 0 for all")
    parser.add_argument("--tokenizers", type=Path, nargs="*", default=[])
    parser.add_argument("--only", nargs="+", help="only tokenizers whose name has one of these words")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    table = Table("tokenizer", "engine", "template", "layout", "rows", "look-alikes", "differ", "left out", "seconds")
    examples = []
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(environment(Path(home)))
        every = list(splits(given.rows))
        schemas = sorted({records.schema for _, records in every})
        held = 0
        for name, slow in tokenizers(given.tokenizers):
            if given.only and not any(word in name for word in given.only):
                continue
            for template in TEMPLATES:
                total, begun, engine, layout = Count(), time.perf_counter(), "", ""
                for place, records in every:
                    try:
                        found = compared(records, slow, template)
                    except UsageError:
                        continue
                    if found.differ:
                        examples.append(f"{name}, {template}, {place}: {found.differ} differ; {found.example}")
                    total = total.plus(found)
                engine, layout = _how(every, slow, template)
                held += total.rows
                shown = (total.rows, total.guarded, total.differ, total.left_out)
                seconds = f"{time.perf_counter() - begun:.0f}"
                table.add_row(name, engine, template, layout, *(f"{one:,}" for one in shown), seconds)
                print(f"{name}, {template}: {total.rows:,} rows, {total.differ:,} differ", file=sys.stderr)
    console = Console(width=160)
    console.print(table)
    console.print(f"{held:,} rows compared: {len(every)} splits of the schemas {', '.join(schemas)}")
    for example in examples:
        console.print(example, markup=False)
    raise SystemExit(1 if examples else 0)


def _how(every: list[tuple[str, Records]], slow: Slow, template: str) -> tuple[str, str]:
    """What encodes the first split with questions, and how it is laid out."""
    for _, records in every:
        if records.schema == "question_answer":
            manifest = Records(records.frame.head(50), records.schema).tokenize(slow.source, template=template).manifest
            return str(manifest["tokenizer"]["engine"]), str(manifest["template"]["layout"])
    return "", ""


if __name__ == "__main__":
    main()
