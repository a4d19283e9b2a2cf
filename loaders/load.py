"""`registry.load`: from a name to records, whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from loaders import absent, checksums, store, telling
from loaders.build import parts
from loaders.download import shown
from loaders.fetch import Absent, Origin, SourceNote, locate
from loaders.known import known
from loaders.media import MediaPlace
from loaders.paths import home, is_pattern
from loaders.plan import SplitPlan, plan
from loaders.read import Located, read_files
from loaders.records import Records
from loaders.rows import Context
from loaders.sources.visit import visiting
from loaders.telling import caller
from loaders.wanted import joins, paths
from registry.card import DatasetCard
from registry.errors import (
    KnownIssues,
    LicenceError,
    MissingFiles,
    NotLoadable,
    PartialLoad,
    ReadError,
    Recognised,
    UnknownOption,
    UsageError,
)
from registry.loadspec import Join, Load
from registry.settings import settings

if TYPE_CHECKING:
    from loaders.tokens import Tokens


COLD = 0.2
"""Seconds of a load after which its records are surely not in the cache, nor their tokens."""


class Splits(dict[str, Records]):
    """Split name -> Records. `manifest` tells of the whole load."""

    def __init__(self, splits: Mapping[str, Records], manifest: dict[str, Any]) -> None:
        super().__init__(splits)
        self.manifest = manifest


def load(
    name: str,
    split: str | None = None,
    *,
    config: str | None = None,
    revision: str | None = None,
    files: str | Path | None = None,
    offline: bool | None = None,
    use: str | None = None,
    tokenizer: Any = None,
    **tokenize_options: Any,
) -> Mapping[str, Records] | Records | Mapping[str, Tokens] | Tokens:
    """Load a dataset's records in its canonical schema.

    Args:
        name: slug, alias, ``hf:owner/name`` or ``github:owner/name``.
        split: one split, else all that can be had.
        config: one of the card's configurations, else its first.
        revision: another version of the source than the card pins; the card's checksums then do not count.
        files: a folder or file that is on this machine already.
        offline: True opens no socket; None takes REGISTRY_OFFLINE.
        use: "commercial" or "research": refuse what the effective licence does not allow.
        tokenizer: give tokens instead of records; further options are those of `Records.tokenize`.

    Returns:
        Records (or Tokens) of the split, or a mapping of split names to them.

    Raises:
        UnknownDataset: no dataset of that name; near names are offered.
        UnknownOption: no such split, configuration or use.
        UsageError: options of `Records.tokenize` without a tokenizer.
        LicenceError: the licence does not allow `use`, or is not known to.
        NotLoadable: nothing to load: unreleased, withdrawn, a resource, or no file that could be read as rows.
        MissingFiles: says which files, from where and where to put them.
        ChecksumError, ReadError: files are not those of the card.

    Warns:
        KnownIssues: what is known to be wrong with the dataset and what its licence forbids, in at most three lines.
        PartialLoad: some splits, or files of a split, are not here, or are withheld.
        Recognised: the dataset has no card that says how its files become records: what was recognised of them.
    """
    if tokenizer is None and tokenize_options:
        raise UsageError(f"{', '.join(tokenize_options)}: these options count only together with tokenizer=")
    card, told = known(name)
    if tokenizer is not None:
        # A tokenizer that cannot be used is told before files are fetched for it.
        from loaders.tokenizers import open_tokenizer

        tokenizer = open_tokenizer(tokenizer, offline=offline)
    if use is not None:
        _allow(card.slug, use)
    seen: list[SourceNote] = []
    opening = Timer(COLD, _opened, [tokenizer])
    opening.daemon = True
    try:
        if tokenizer is not None:
            opening.start()
        records = load_card(card, split, config=config, revision=revision, files=files, offline=offline, seen=seen)
    finally:
        opening.cancel()
        if seen:
            telling.seen(card.slug, seen)
    if told:
        warnings.warn("\n".join([f"{card.slug}: {told[0]}", *told[1:3]]), KnownIssues, stacklevel=caller())
    if tokenizer is None:
        return records
    if isinstance(records, Records):
        return records.tokenize(tokenizer, **tokenize_options)
    return {name: one.tokenize(tokenizer, **tokenize_options) for name, one in records.items()}


def _opened(tokenizer: Any) -> None:
    """Open a tokenizer for encoding while files are read; whoever needs it waits for it, and is told what is wrong."""
    from loaders.inert import encoder_of

    with contextlib.suppress(Exception):
        encoder_of(tokenizer)


def load_card(
    card: DatasetCard,
    split: str | None = None,
    *,
    config: str | None = None,
    revision: str | None = None,
    files: str | Path | None = None,
    offline: bool | None = None,
    seen: list[SourceNote] | None = None,
) -> Splits | Records:
    """Load what a card describes; arguments, errors and warnings as those of `load`.

    What the sources turned out to be (moved, gone, changed) is appended to `seen`.
    """
    place = home(files) if files is not None else None
    spec = card.load or _recognised(card, config, place, offline)
    config, plans = plan(spec, config)
    if split is not None and split not in plans:
        raise UnknownOption("split", split, list(plans))
    wanted = {split: plans[split]} if split is not None else plans
    origin = Origin(
        slug=card.slug,
        source=spec.source,
        revision=revision or spec.revision,
        pinned=revision is None or revision == spec.revision,
        files=place,
        offline=settings().offline if offline is None else offline,
        named=paths(spec),
        withheld=spec.withheld,
        notes=[] if seen is None else seen,
    )
    found, missing = _locate(origin, wanted, alone=split is not None)
    if not found:
        raise MissingFiles(absent.message(card, spec, origin, missing))
    manifest = _manifest(card, origin, config, next(iter(wanted.values())).schema)
    try:
        records = {name: _records(card, plans[name], files, manifest) for name, files in found.items()}
    except ReadError as error:
        if card.load is not None:
            raise
        options = {"config": config, "revision": revision, "files": files, "offline": offline, "seen": seen}
        return _as_they_are(card, spec, error, split, **options)
    telling.missing(card, spec, origin, missing, manifest)
    telling.unused(card, origin, [file for one in found.values() for file in (*one.files, *one.archives)])
    telling.withheld(card, spec, origin, manifest)
    telling.keep(manifest)
    for name, one in records.items():
        one.manifest = {**manifest, "split": name, **manifest["splits"][name]}
        one.media = MediaPlace(origin, spec.media, plans[name].files, spec.by_hand)
    return records[split] if split is not None else Splits(records, manifest)


def _as_they_are(
    card: DatasetCard, spec: Load, error: ReadError, split: str | None, **options: Any
) -> Splits | Records:
    """The rows of a dataset without a card as a plain table: some beyond the sample are not what was recognised."""
    from loaders.recognise.guess import plain

    if spec.schema_ == "table":
        raise error
    told = f"{card.slug}: its rows are given as they are, in `extra`, as not all are what they seemed: {error}"
    warnings.warn(told, Recognised, stacklevel=caller())
    return load_card(card.model_copy(update={"load": plain(spec)}), split, **options)


class Found(NamedTuple):
    """The files of a split on this machine: its own, and those of each `join`; None where a join does without."""

    files: list[Located]
    joined: list[tuple[Join, list[Located] | None]]
    archives: list[Located]
    """Those that its own files are members of."""


def loadable(
    card: DatasetCard, *, config: str | None = None, files: Path | None = None, offline: bool | None = None
) -> DatasetCard:
    """The card with a `load` block: its own, else one by what its files look like.

    Raises:
        NotLoadable: it is not to be loaded, or no file could be read as rows.

    Warns:
        Recognised: what its files look like.
    """
    return card if card.load else card.model_copy(update={"load": _recognised(card, config, files, offline)})


def _recognised(card: DatasetCard, config: str | None, files: Path | None, offline: bool | None) -> Load:
    _refuse(card)
    from loaders.recognise import recognised

    guess = recognised(card, files=files, offline=offline, config=config)
    if guess.load is None:
        note = f" {card.access_note}" if card.access_note else ""
        places = ", ".join(place.url or f"{place.provider} {place.id}" for place in card.sources)
        parents = ", ".join(parent.dataset for parent in card.derived_from)
        if parents and not places:
            raise NotLoadable(f"{card.slug} is made of others, which load by their own names: {parents}")
        raise NotLoadable(
            f"{guess.told(card.slug)}. Access: {card.access}.{note}"
            + (f" It lives at {places}." if places else "")
            + f" Pass files= a folder that holds it, or write a card: registry new {card.slug}"
        )
    warnings.warn(guess.told(card.slug), Recognised, stacklevel=caller())
    return guess.load


def _refuse(card: DatasetCard) -> None:
    """Refuse what is not to be loaded, whatever lies at its places."""
    note = f" {card.access_note}" if card.access_note else ""
    if card.kind == "resource":
        raise NotLoadable(f"{card.slug} is a resource (terminology, ontology or archive): catalogued, never loaded")
    if card.access == "withdrawn":
        raise NotLoadable(f"{card.slug} was withdrawn and is not loaded, from wherever a copy may lie.{note}")
    if card.access == "unreleased":
        raise NotLoadable(f"{card.slug} has not been released by its authors; nothing can be loaded yet.{note}")


def _locate(
    origin: Origin, plans: Mapping[str, SplitPlan], alone: bool
) -> tuple[dict[str, Found], dict[str, list[Absent]]]:
    found: dict[str, Found] = {}
    missing: dict[str, list[Absent]] = {}
    with visiting(origin.notes):  # a source is asked once what it has, not once for each split
        for name, one in plans.items():
            located, gone = locate(origin, one.files, member=one.read.member, alone=alone)
            joined: list[tuple[Join, list[Located] | None]] = []
            for join in joins(one.rows):
                others, lost = locate(origin, join.files, member=join.read.member)
                joined.append((join, None if lost else others))
                if join.optional is None:
                    gone += lost
            if gone:
                missing[name] = gone
            else:
                inside = any(settings().cache / "unpacked" in file.path.parents for file in located)
                archives = locate(origin, one.files, alone=alone, unpack=False)[0] if inside else []
                found[name] = Found(located, joined, archives)
    return found, missing


def _records(card: DatasetCard, one: SplitPlan, found: Found, manifest: dict[str, Any]) -> Records:
    used = {file.path: file for files in (found.files, *(other for _, other in found.joined)) for file in files or []}

    def others(join: Join) -> pl.DataFrame | None:
        located = next(located for known, located in found.joined if known is join)
        return None if located is None else read_files(located, join.read)

    def key(sums: Sequence[str]) -> str:
        named = [(file.name, digest) for file, digest in zip(used.values(), sums, strict=True)]
        return store.key_of(one, named, card.languages)

    def make(context: Context) -> Iterator[pl.DataFrame]:
        return parts(one, found.files, context, languages=card.languages)

    context = Context(others)
    if all(map(checksums.is_known, used)):
        digests = [checksums.sha256(path) for path in used]
        made = store.stored(key(digests), make, context)
    else:
        state = {path: checksums.state(path) for path in used}

        def still(digests: Sequence[str]) -> str:
            if changed := [path for path, then in state.items() if checksums.state(path) != then]:
                raise ReadError(f"{changed[0]}: was changed while it was read; load it again")
            return key(digests)

        rough = key([f"{path.absolute()} {then}" for path, then in state.items()])
        with checksums.meanwhile(list(used)) as measured:
            made = store.stored_once_named(measured, still, rough, make, context)
            digests = measured.result()
    sums = list(zip((file.name for file in used.values()), digests, strict=True))
    frame = made.frame
    notes = [f"{one.name}: {note}" for note in made.notes]
    if one.count is not None and frame.height != one.count:
        notes.append(f"{one.name}: {frame.height:,} rows, and the card counts {one.count:,}")
        # A pattern fits whatever is there: fewer rows mean files that are not. A file that is named is there, whole.
        partial = frame.height < one.count and any(is_pattern(ref.path) for ref in one.files)
        why = "; some of its files are not here" if partial else " that its card counts"
        told = f"{card.slug}, {one.name}: {frame.height:,} rows of {one.count:,}{why}"
        warnings.warn(told, PartialLoad if partial else UserWarning, stacklevel=caller())
    manifest["reports"] += notes
    manifest["splits"][one.name] = {
        "rows": frame.height,
        "records": made.key,
        "files": [
            {"path": name, "sha256": digest, "bytes": path.stat().st_size}
            for (name, digest), path in zip(sums, used, strict=True)
        ],
        "archives": [{"path": file.name, "sha256": checksums.sha256(file.path)} for file in found.archives],
    }
    return Records(frame, one.schema, folder=_root(found.files[0]), key=made.key)


def _root(file: Located) -> Path | None:
    """The folder that paths in the source are relative to, where the file lies as in the source."""
    depth = len(Path(file.name).parts)
    ends_alike = file.path.as_posix().endswith("/" + file.name)
    return file.path.parents[depth - 1] if ends_alike else file.path.parent


def _manifest(card: DatasetCard, origin: Origin, config: str | None, schema: str) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        release = version("medregistry")
    except PackageNotFoundError:
        release = "not installed"
    return {
        "slug": card.slug,
        "card_version": hashlib.sha256(card.model_dump_json(by_alias=True).encode()).hexdigest(),
        "config": config,
        "source": origin.source and shown(origin.source),
        "revision": origin.revision,
        "schema": schema,
        "splits": {},
        "missing": [],
        "loaded_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "medregistry": release,
        "reports": [],
    }


def _allow(slug: str, use: str) -> None:
    from registry import queries
    from registry.licences import allows

    allowed, why = allows(queries.effective_licence(slug), use)
    if not allowed:
        verdict = "does not allow" if allowed is False else "is not known to allow"
        raise LicenceError(f"{slug}: its effective licence {verdict} {use} use: {why}")
