"""How commands print: tables for people, JSON for programs; warnings on stderr, each once."""

from __future__ import annotations

import datetime as dt
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

JSON = typer.Option("--json", help="Print JSON instead of a table.")


def plain(value: Any) -> Any:
    """A value that JSON can hold: times as ISO 8601."""
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def print_json(value: Any) -> None:
    """JSON on stdout, letters as they are."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=plain))


def cell(value: Any) -> str:
    """A value as a table shows it; control characters, which a terminal would obey, are left out."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if isinstance(value, int):
        value = f"{value:,}"
    if isinstance(value, dt.datetime):
        value = f"{value:%Y-%m-%d %H:%M}"
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], title: str | None = None) -> None:
    """A table on stdout: laid out for a terminal, tab-separated where the output goes elsewhere.

    A few rows that are wider than the terminal are turned: a line a column.
    """
    if not sys.stdout.isatty():
        typer.echo("\t".join(columns))
        for row in rows:
            typer.echo("\t".join("" if row[name] is None else cell(row[name]) for name in columns))
        return
    from rich.console import Console

    console = Console()
    texts = [[cell(row[name]) for name in columns] for row in rows]
    heads = [name.replace("_", " ") for name in columns]
    table = _laid_out(heads, texts, title, whole=columns.index("slug") if "slug" in columns else None)
    if len(rows) < len(columns) and _width(console, table) > console.width:
        first, *rest = zip(heads, *texts, strict=True)
        turned = _laid_out(first, rest, title, whole=0)
        if _width(console, turned) <= console.width:
            table = turned
    console.print(table)


def _width(console: Console, table: Table) -> int:
    """Columns of a terminal on which no word of a table would be broken."""
    return console.measure(table, options=console.options.update(max_width=10_000)).maximum


def _laid_out(heads: Sequence[str], rows: Sequence[Sequence[str]], title: str | None, whole: int | None) -> Table:
    """A table for a terminal; the words of the column `whole` are never broken."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=index == whole)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


@contextmanager
def told_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of a block, then print each once, as a line on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield caught
        finally:
            for text in dict.fromkeys(str(warning.message) for warning in caught):
                typer.echo(text, err=True)
