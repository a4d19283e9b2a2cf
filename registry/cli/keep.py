"""`registry mirror | verify | cache`: files on this machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.browse import AsJson, Slug
from registry.cli.output import print_json, print_table, told_warnings
from registry.errors import MedRegistryError, UsageError

if TYPE_CHECKING:
    from registry.card import DatasetCard

cache = typer.Typer(help="Files that loading keeps.", no_args_is_help=True)

Slugs = Annotated[list[str], typer.Argument(metavar="SLUG...", help="Datasets.")]
SomeSlugs = Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Datasets; all without one.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help="downloads, by-hand, unpacked, records, media, tokens, engines, notes, parts; may be repeated."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Take what is on this machine; open no connection.")]


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("mirror", epilog="Example: registry mirror medqa pubmedqa --to /media/usb/datasets")(mirror)
    app.command("verify", epilog="Example: registry verify pubmedqa")(verify)
    cache.command("list", epilog="Example: registry cache list pubmedqa")(list_)
    cache.command("clean", epilog="Example: registry cache clean --kind records --older-than 30")(clean)
    app.add_typer(cache, name="cache")


def mirror(
    slugs: Slugs,
    to: Annotated[Path, typer.Option("--to", help="The folder to write; an earlier mirror there is gone on with.")],
    media: Annotated[bool, typer.Option("--media/--no-media", help="With pictures and signals named by path.")] = True,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Write datasets into a folder that REGISTRY_MIRROR reads on a machine without a network."""
    from loaders.mirror import mirror as write

    if to.exists() and not to.is_dir():
        raise UsageError(f"--to takes a folder, and {to} is a file")
    with told_warnings():
        done = write([_card(slug, offline) for slug in slugs], to, offline=offline, media=media)
    rows = [{"dataset": one.slug, "files": one.files, "bytes": one.bytes, "missing": len(one.missing)} for one in done]
    if as_json:
        print_json([row | {"missing": one.missing} for row, one in zip(rows, done, strict=True)])
    else:
        print_table(rows, ("dataset", "files", "bytes", "missing"))
    typer.echo(f"written to {to}; on the other machine: export REGISTRY_MIRROR={to} REGISTRY_OFFLINE=1", err=True)
    if missing := [f"{one.slug}: {told}" for one in done for told in one.missing]:
        typer.echo("not in it:\n" + "\n".join(f"  {told}" for told in missing), err=True)
        raise typer.Exit(3)


def _card(slug: str, offline: bool) -> tuple[DatasetCard, str]:
    """The card of a dataset and its text; of one that has none, what is recognised of its files."""
    from loaders.load import loadable
    from loaders.recognise.draft import as_yaml
    from registry import queries

    known = queries.card_or_sketch(slug)
    if known.load is not None:
        return known, queries.card_file(slug).read_text(encoding="utf-8")
    card = loadable(known, offline=offline)
    return card, as_yaml(card.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def verify(
    slug: Slug,
    config: Annotated[str | None, typer.Option("--config", "-c", help="One configuration; all without it.")] = None,
    files: Annotated[Path | None, typer.Option("--files", "-f", help="Folder or file that you have.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a dataset's files afresh and hold them against their checksums; nothing is fetched."""
    from loaders import verify as checking
    from registry.queries import card_or_sketch

    found = checking.verify(card_or_sketch(slug), config=config, files=files)
    rows: list[dict[str, Any]] = [one._asdict() for one in found]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("split", "file", "state", "told") if not config else ("file", "state", "told"))
    counts = Counter(one.state for one in found)
    if counts[checking.CHANGED]:
        raise MedRegistryError(
            f"{slug}: files that are not what they should be: {counts[checking.CHANGED]} (see above)"
        )
    if counts[checking.MISSING] and counts[checking.MISSING] == len(found):
        raise MedRegistryError(f"{slug}: none of its files is here; registry load {slug} fetches them")
    if counts[checking.MISSING]:
        typer.echo(f"files that are not on this machine: {counts[checking.MISSING]}", err=True)
        raise typer.Exit(3)


def _known(slugs: list[str]) -> None:
    """Refuse a name that is no dataset's, unless the cache holds something under it."""
    from registry.queries import dataset
    from registry.settings import settings

    for slug in slugs:
        if not any((settings().cache / kind / slug).is_dir() for kind in ("datasets", "manifests")):
            dataset(slug)


def list_(slugs: SomeSlugs = None, as_json: AsJson = False) -> None:
    """Show what the cache holds, the largest first."""
    from loaders import tidy
    from registry.settings import settings

    _known(slugs or [])
    sums: dict[tuple[str, str | None], list[int]] = {}
    for one in tidy.held(slugs or []):
        entry = sums.setdefault((one.kind, one.dataset), [0, 0])
        entry[0] += 1
        entry[1] += one.bytes
    rows = [
        {"kind": kind, "dataset": dataset, "entries": count, "bytes": size}
        for (kind, dataset), (count, size) in sorted(sums.items(), key=lambda item: (-item[1][1], str(item[0])))
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, ("kind", "dataset", "entries", "bytes"))
    typer.echo(f"{sum(row['bytes'] for row in rows):,} bytes in {settings().cache}", err=True)  # type: ignore[misc]


def clean(
    slugs: SomeSlugs = None,
    kind: Kinds = None,
    older_than: Annotated[
        float | None, typer.Option("--older-than", min=0, help="Only what was of no use for this many days.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go, and let it be.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Everything that can be made or fetched again.")] = False,
) -> None:
    """Take out of the cache what can be made or fetched again; files put there by hand go only with --kind by-hand."""
    from loaders import tidy

    if not (slugs or kind or older_than is not None or every):
        raise UsageError("say what: datasets, --kind, --older-than DAYS or --all")
    _known(slugs or [])
    found = tidy.chosen(tidy.held(slugs or []), kind or [], older_than)
    size = sum(one.bytes for one in found)
    if not dry_run:
        try:
            size = tidy.remove(found)
        except OSError as error:
            raise MedRegistryError(f"{error.filename}: cannot be removed: {error.strerror or error}") from None
    verb = "would be freed" if dry_run else "freed"
    typer.echo(f"{len(found):,} {'entry' if len(found) == 1 else 'entries'}, {size:,} bytes {verb}")
