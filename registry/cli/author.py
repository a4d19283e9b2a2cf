"""`registry new | validate`: writing cards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.errors import CardError, UnknownDataset, UsageError

if TYPE_CHECKING:
    from loaders.recognise.origins import Spot
    from registry.card import DatasetCard, Place


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("new", epilog="Example: registry new ward-notes --files ./ward-notes --out ward-notes.yaml")(new)
    app.command("validate", epilog="Example: registry validate my-cards/ward-notes.yaml --files ./ward-notes")(validate)


def new(
    slug: Annotated[str, typer.Argument(help="Slug of the dataset, known or new.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Where it lives: hf:owner/name, github:owner/name, an address …")
    ] = None,
    files: Annotated[Path | None, typer.Option("--files", "-f", help="Folder or file that you already have.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The card's file; SLUG.yaml without it.")] = None,
) -> None:
    """Write a draft of a card: what is known of a dataset, its files, and what their columns seem to mean."""
    from loaders.recognise.draft import as_yaml, draft
    from loaders.recognise.origins import guess_at, readme_of
    from loaders.recognise.readme import front_matter
    from registry.card import DatasetCard
    from registry.yamlio import check

    target = out or Path(f"{slug}.yaml")
    if target.exists():
        raise UsageError(f"{target} is there already and is left as it is; name another file with --out")
    place = _place(source) if source else None
    known = _known(slug, place, files)
    spot = _spot(known, source, place, files)
    guess = guess_at(spot)
    card = _with_facts(known, front_matter(readme_of(spot)))
    text = as_yaml(draft(card, spot, guess))
    _write(target, text)
    found = check(target, DatasetCard)[1]
    if found:
        raise CardError(found)
    taken = guess.schema if guess.load is not None else "none"
    typer.echo(f"{target}: a draft; schema {taken}, confidence {guess.confidence:.2f}. See `unsure` in it")
    if not guess.believed:
        typer.echo(guess.told(slug), err=True)


def _place(source: str) -> Place:
    """The place that a person names: as a source of a `load` block, or as an address."""
    from loaders.recognise.origins import SCHEMES
    from registry.card import Place
    from registry.places import recognise

    if source.startswith(("http://", "https://")):
        provider, native = recognise(source)
        return Place(provider=provider, id=None if provider == "web" else native, url=source, role="unknown")
    scheme, _, name = source.partition(":")
    providers = {scheme: provider for provider, scheme in SCHEMES.items()}
    if scheme not in providers or not name:
        told = ", ".join(f"{known}:…" for known in providers)
        raise UsageError(f"--from {source!r} is no source; it is an address, or one of: {told}")
    return Place(provider=providers[scheme], id=name, role="unknown")


def _known(slug: str, place: Place | None, files: Path | None) -> DatasetCard:
    """What the catalogue knows of the dataset, else as little as a card needs."""
    from pydantic import ValidationError

    from registry import queries
    from registry.card import DatasetCard

    try:
        card = queries.card_or_sketch(slug)
        if card.slug == slug:
            return card
    except UnknownDataset:
        pass
    if place is None and files is None:
        raise UnknownDataset(slug, _near(slug))
    try:
        return DatasetCard(
            slug=slug,
            name=slug,
            kind="dataset",
            summary=f"{slug}: known from its files alone.",
            sources=[place] if place else [],
            access="open" if place else "manual",
        )
    except ValidationError as error:
        raise UsageError(f"{slug!r} cannot be a slug: {error.errors()[0]['msg']}") from None


def _near(slug: str) -> list[str]:
    from registry import queries

    try:
        queries.dataset(slug)
    except UnknownDataset as error:
        return error.near
    return []


def _spot(card: DatasetCard, source: str | None, place: Place | None, files: Path | None) -> Spot:
    """The place that is looked into: the user's folder, the named source, a folder held here, the best source."""
    from loaders.recognise.origins import BY_HAND, here, known_sources, local_folder, source_of, there
    from loaders.sources import Unavailable
    from registry.errors import MissingFiles
    from registry.settings import settings

    named = source_of(place) if place else None
    if source and named is None and files is None:
        raise UsageError(f"files cannot be fetched from {source}; download them and pass --files")
    best = [named] if named else known_sources(card)
    folder = local_folder(card.slug, files) if files is not None or named is None else None
    if folder is not None:
        return here(folder, best[0] if best else BY_HAND, card.slug)
    if settings().offline:
        raise MissingFiles(f"offline: no place of {card.slug} was asked; pass the folder of its files with --files")
    reasons = []
    for one in best:
        try:
            return there(card.slug, one)
        except Unavailable as error:
            reasons.append(f"{one}: {error}")
    told = "; ".join(reasons) or "it has no place that can be asked for its files"
    raise MissingFiles(f"{card.slug}: {told}. Pass the folder of its files with --files, or a place with --from")


def _with_facts(card: DatasetCard, matter: dict[str, Any]) -> DatasetCard:
    """The card with what the front matter of the source's README adds to what is known."""
    from harvesters import words
    from registry.licences import licence

    def texts(value: Any) -> list[str]:
        return [str(item) for item in (value if isinstance(value, list) else [value]) if item]

    more: dict[str, Any] = {}
    if isinstance(matter.get("pretty_name"), str) and card.name == card.slug:
        more["name"] = matter["pretty_name"].strip()
    stated = licence(texts(matter.get("license"))) if matter.get("license") else None
    if stated is not None and stated.spdx and card.licence.data is None:
        more["licence"] = {"data": stated.spdx, "stated_in": "front matter of the README"}
    codes = [code for code in words.languages(texts(matter.get("language"))) if len(code) <= 3]
    tasks = words.tasks([*texts(matter.get("task_categories")), *texts(matter.get("task_ids"))])
    told = {"languages": codes, "tasks": tasks}
    more |= {name: found for name, found in told.items() if found and not getattr(card, name)}
    given = card.model_dump(by_alias=True, exclude_defaults=True)
    return type(card).model_validate(given | {"summary": card.summary} | more)


def _write(target: Path, text: str) -> None:
    """Write a file that is not there yet; never over another."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} is there already and is left as it is; name another file with --out") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from None


def validate(
    cards: Annotated[list[Path], typer.Argument(metavar="CARD.yaml...", help="Dataset cards to check.")],
    files: Annotated[
        Path | None, typer.Option("--files", "-f", help="Folder of the data files, for one card; checks them too.")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download the data files that are not here.")] = False,
) -> None:
    """Check dataset cards, and their files where those are here; every problem is told with its line."""
    from loaders.recognise.origins import local_folder
    from registry.card import DatasetCard
    from registry.errors import MissingFiles
    from registry.yamlio import check

    if files is not None and len(cards) > 1:
        raise UsageError("--files holds the files of one dataset, and several cards are named; check them one by one")
    if files is not None and not files.exists():
        raise UsageError(f"--files: there is no {files}")
    problems = []
    for path in cards:
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        card, found = check(path, DatasetCard)
        problems += found
        if card is None:
            continue
        try:
            held = local_folder(card.slug, files)
        except MissingFiles:
            held = None
        if held is not None or fetch:
            from loaders.recognise import against

            problems += against.problems(path, card, files=files, fetch=fetch)
    if problems:
        raise CardError(problems)
    typer.echo(f"{len(cards)} card{'s' if len(cards) > 1 else ''} without a problem")
