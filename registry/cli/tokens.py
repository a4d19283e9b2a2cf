"""`registry tokenize`: a dataset's tokens as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from registry.cli.browse import AsJson, Slug
from registry.cli.output import print_json, print_table, told_warnings
from registry.errors import PartialLoad, UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.records import Records
    from loaders.tokens import Tokens

SHOWN = ("split", "rows", "tokens", "cut", "dropped", "engine", "where")


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(
        "tokenize",
        epilog="Example: registry tokenize pubmedqa --tokenizer Qwen/Qwen3-0.6B --out tokens --max-length 4096",
    )(tokenize)


def tokenize(
    slug: Slug,
    tokenizer: Annotated[str, typer.Option("--tokenizer", "-t", help="Hub id, folder, or path of a tokenizer.json.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write <split>/ into.")],
    split: Annotated[str | None, typer.Option("--split", "-s", help="One split; all without it.")] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="Which configuration, where there are several.")
    ] = None,
    template: Annotated[
        str, typer.Option("--template", help="chat (that of the tokenizer), plain, another packaged one, or a file.")
    ] = "chat",
    max_length: Annotated[int, typer.Option("--max-length", "-n", min=1, help="Most tokens of a row.")] = 2048,
    packing: Annotated[str, typer.Option("--packing", help="best-fit, or none for one row a pack.")] = "best-fit",
    truncate: Annotated[
        str,
        typer.Option("--truncate", help="What goes of a long row: context, context-head, context-middle, drop."),
    ] = "context",
    labels: Annotated[
        str, typer.Option("--labels", help="Where loss is taken: answer, last-answer, all-but-system, all.")
    ] = "answer",
    engine: Annotated[
        str, typer.Option("--engine", help="local, or ray for the cluster that RAY_ADDRESS names.")
    ] = "local",
    files: Annotated[Path | None, typer.Option("--files", "-f", help="Folder or file that you already have.")] = None,
    offline: Annotated[bool | None, typer.Option("--offline/--online", help="Open no connection.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a dataset's tokens into a folder for each split; `registry.open_tokens` opens one."""
    from loaders import opened_tokens
    from loaders.load import load
    from loaders.manifests import file_name
    from loaders.records import Records
    from loaders.template_files import open_template
    from loaders.tokenizers import open_tokenizer

    # All that can be wrong with the command line is told before files are fetched.
    _check(packing=packing, truncate=truncate, labels=labels, engine=engine)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out takes a folder, and {out} is a file")
    if split is not None:
        opened_tokens.check_place(out / file_name(split))
    form, source = open_template(template), open_tokenizer(tokenizer, offline=offline)
    options = {"max_length": max_length, "packing": packing, "truncate": truncate, "labels": labels, "engine": engine}
    rows: list[dict[str, Any]] = []
    with told_warnings() as caught:
        found = load(slug, split, config=config, files=files, offline=offline)
        loaded = {found.manifest["split"]: found} if isinstance(found, Records) else found
        for name, records in cast("Mapping[str, Records]", loaded).items():
            where = out / file_name(name)
            opened_tokens.check_place(where)
            tokens = records.tokenize(source, template=form, **options)
            opened_tokens.write(tokens, where)
            rows.append({"split": name, **_told(tokens), "where": str(where)})
    if as_json:
        print_json(rows)
    else:
        print_table(rows, SHOWN)
    if rows:
        opening = f'import registry; tokens = registry.open_tokens("{rows[0]["where"]}")'
        typer.echo(f"to open one: {opening}", err=True)
    if any(issubclass(warning.category, PartialLoad) for warning in caught):
        raise typer.Exit(3)


def _check(**options: str) -> None:
    from loaders.options import ENGINES, LABELS, PACKINGS, TRUNCATES

    allowed = {"packing": PACKINGS, "truncate": TRUNCATES, "labels": LABELS, "engine": ENGINES}
    for name, value in options.items():
        if value not in allowed[name]:
            raise UnknownOption(name, value, allowed[name])
    if options["engine"] == "ray":
        from loaders.cluster import library

        library()


def _told(tokens: Tokens) -> dict[str, Any]:
    manifest = tokens.manifest
    return {
        "rows": manifest["counts"]["rows"],
        "tokens": manifest["counts"]["tokens"],
        "cut": manifest["cut_rows"],
        "dropped": sum(manifest["dropped_rows"].values()),
        "engine": manifest["tokenizer"]["engine"],
    }
