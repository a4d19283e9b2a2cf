"""`registry load`: a dataset's records, looked at or written to files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from registry.cli.browse import AsJson, Slug
from registry.cli.output import plain, print_json, print_table, told_warnings
from registry.errors import PartialLoad, UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.records import Records


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("load", epilog="Example: registry load pubmedqa --split test --out data --format jsonl")(load)


def load(
    slug: Slug,
    split: Annotated[str | None, typer.Option("--split", "-s", help="One split; all without it.")] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="Which configuration, where there are several.")
    ] = None,
    files: Annotated[Path | None, typer.Option("--files", "-f", help="Folder or file that you already have.")] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="Commit of the source.")] = None,
    use: Annotated[
        str | None, typer.Option("--use", help="commercial refuses what the licence does not allow.")
    ] = None,
    offline: Annotated[bool | None, typer.Option("--offline/--online", help="Open no connection.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write <slug>[-<config>]/<split>.<format> into.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="parquet | jsonl | csv")] = "parquet",
    as_json: AsJson = False,
) -> None:
    """Load a dataset: print its splits, or write them with --out."""
    from loaders.export import FORMATS
    from loaders.load import load as load_dataset
    from loaders.records import Records

    if form not in FORMATS:
        raise UnknownOption("format", form, FORMATS)
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out takes a folder, and {out} is a file")
    with told_warnings() as caught:
        found = load_dataset(slug, split, config=config, revision=revision, files=files, offline=offline, use=use)
    splits = {found.manifest["split"]: found} if isinstance(found, Records) else cast("Mapping[str, Records]", found)
    if out is not None:
        written = _write(splits, out, form)
        typer.echo(f"written to {written}", err=True)
    rows = [
        {
            "split": name,
            "rows": len(records),
            "schema": records.schema,
            "files": len(records.manifest["splits"][name]["files"]),
        }
        for name, records in splits.items()
    ]
    if as_json:
        manifest = next(iter(splits.values())).manifest if splits else {}
        print_json({"splits": rows, "manifest": manifest})
    else:
        print_table(rows, ("split", "rows", "schema", "files"))
    if any(issubclass(warning.category, PartialLoad) for warning in caught):
        raise typer.Exit(3)


def _write(splits: Mapping[str, Records], out: Path, form: str) -> Path:
    """Write all splits and the manifest; files appear in the folder when all of them are complete."""
    from loaders.export import write
    from loaders.manifests import file_name

    manifest = next(iter(splits.values())).manifest
    name = manifest["slug"] if not manifest.get("config") else f"{manifest['slug']}-{file_name(manifest['config'])}"
    target = out / name
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}-") as made:
            folder = Path(made)
            for split, records in splits.items():
                write(records.frame, folder / f"{file_name(split)}.{form}", form)
            text = json.dumps(manifest, ensure_ascii=False, indent=2, default=plain)
            (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
            target.mkdir(exist_ok=True)
            for file in sorted(folder.iterdir()):
                file.replace(target / file.name)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from None
    return target
