"""`registry.load`: from a name to records, whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from loaders import absent, checksums
from loaders.build import build
from loaders.fetch import Absent, Origin, locate
from loaders.paths import is_pattern
from loaders.plan import SplitPlan, plan
from loaders.read import Located, read_files
from loaders.records import Records
from registry.card import DatasetCard
from registry.errors import KnownIssues, LicenceError, MissingFiles, NotLoadable, PartialLoad, UnknownOption, UsageError
from registry.loadspec import Join, Load
from registry.settings import settings

if TYPE_CHECKING:
    from loaders.tokens import Tokens


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
        NotLoadable: nothing to load: unreleased, a resource, or its card has no mapping.
        MissingFiles: says which files, from where and where to put them.
        ChecksumError, ReadError: files are not those of the card.

    Warns:
        KnownIssues: what is known to be wrong with the dataset and what its licence forbids, in at most three lines.
        PartialLoad: some splits, or files of a split, are not here.
    """
    from registry import queries

    if tokenizer is None and tokenize_options:
        raise UsageError(f"{', '.join(tokenize_options)}: these options count only together with tokenizer=")
    card = queries.card(name)
    if tokenizer is not None:
        # A tokenizer that cannot be used is told before files are fetched for it.
        from loaders.tokenizers import open_tokenizer

        tokenizer = open_tokenizer(tokenizer, offline=offline)
    if use is not None:
        _allow(card.slug, use)
    records = load_card(card, split, config=config, revision=revision, files=files, offline=offline)
    if told := queries.briefing(card.slug):
        warnings.warn("\n".join([f"{card.slug}: {told[0]}", *told[1:3]]), KnownIssues, stacklevel=_caller())
    if tokenizer is None:
        return records
    if isinstance(records, Records):
        return records.tokenize(tokenizer, **tokenize_options)
    return {name: one.tokenize(tokenizer, **tokenize_options) for name, one in records.items()}


def load_card(
    card: DatasetCard,
    split: str | None = None,
    *,
    config: str | None = None,
    revision: str | None = None,
    files: str | Path | None = None,
    offline: bool | None = None,
) -> Splits | Records:
    """Load what a card describes; arguments, errors and `PartialLoad` as those of `load`."""
    spec = _loadable(card)
    config, plans = plan(spec, config)
    if split is not None and split not in plans:
        raise UnknownOption("split", split, list(plans))
    wanted = {split: plans[split]} if split is not None else plans
    origin = Origin(
        slug=card.slug,
        source=spec.source,
        revision=revision or spec.revision,
        pinned=revision is None or revision == spec.revision,
        files=Path(files).expanduser() if files is not None else None,
        offline=settings().offline if offline is None else offline,
    )
    found, missing = _locate(origin, wanted, alone=split is not None)
    if not found:
        raise MissingFiles(absent.message(card, _loadable(card), origin, missing))
    manifest = _manifest(card, origin, config, next(iter(wanted.values())).schema)
    records: dict[str, Records] = {}
    for name, located in found.items():
        records[name] = _records(card, origin, plans[name], located, manifest)
    _tell_missing(card, origin, missing, manifest)
    for name, one in records.items():
        one.manifest = {**manifest, "split": name, **manifest["splits"][name]}
    return records[split] if split is not None else Splits(records, manifest)


def _loadable(card: DatasetCard) -> Load:
    if card.load is not None:
        return card.load
    if card.kind == "resource":
        raise NotLoadable(f"{card.slug} is a resource (terminology, ontology or archive): catalogued, never loaded")
    if card.access == "unreleased":
        raise NotLoadable(f"{card.slug} has not been released by its authors; nothing can be loaded yet")
    how = f" Access: {card.access}. {card.access_note or ''}".rstrip()
    places = ", ".join(place.url for place in card.sources if place.url)
    raise NotLoadable(
        f"{card.slug}: its card has no `load` block that says how its files become records.{how}"
        + (f" It lives at {places}" if places else "")
    )


def _locate(
    origin: Origin, plans: Mapping[str, SplitPlan], alone: bool
) -> tuple[dict[str, list[Located]], dict[str, list[Absent]]]:
    found: dict[str, list[Located]] = {}
    missing: dict[str, list[Absent]] = {}
    for name, one in plans.items():
        located, gone = locate(origin, one.files, member=one.read.member, alone=alone)
        joins = [step[1] for step in one.rows if step[0] == "join"]
        for join in joins:
            if join.optional is None:
                gone += locate(origin, join.files, member=join.read.member)[1]
        if gone:
            missing[name] = gone
        else:
            found[name] = located
    return found, missing


def _records(
    card: DatasetCard, origin: Origin, one: SplitPlan, located: Sequence[Located], manifest: dict[str, Any]
) -> Records:
    used = {file.path: file for file in located}

    def others(join: Join) -> pl.DataFrame | None:
        joined, gone = locate(origin, join.files, member=join.read.member)
        if gone and join.optional is not None:
            return None
        used.update({file.path: file for file in joined})
        return read_files(joined, join.read)

    frame, notes = build(one, located, others=others, languages=card.languages)
    notes = [f"{one.name}: {note}" for note in notes]
    if one.count is not None and frame.height != one.count:
        notes.append(f"{one.name}: {frame.height:,} rows, and the card counts {one.count:,}")
        # A pattern fits whatever is there: fewer rows mean files that are not. A file that is named is there, whole.
        partial = frame.height < one.count and any(is_pattern(ref.path) for ref in one.files)
        why = "; some of its files are not here" if partial else " that its card counts"
        told = f"{card.slug}, {one.name}: {frame.height:,} rows of {one.count:,}{why}"
        warnings.warn(told, PartialLoad if partial else UserWarning, stacklevel=_caller())
    manifest["reports"] += notes
    manifest["splits"][one.name] = {
        "rows": frame.height,
        "files": [
            {"path": file.name, "sha256": checksums.sha256(path), "bytes": path.stat().st_size}
            for path, file in used.items()
        ],
    }
    return Records(frame, one.schema, folder=_root(located[0]))


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
        "source": origin.source,
        "revision": origin.revision,
        "schema": schema,
        "splits": {},
        "missing": [],
        "loaded_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "medregistry": release,
        "reports": [],
    }


def _tell_missing(
    card: DatasetCard, origin: Origin, missing: Mapping[str, Sequence[Absent]], manifest: dict[str, Any]
) -> None:
    if not missing:
        return
    manifest["missing"] = list(missing)
    warnings.warn(absent.message(card, _loadable(card), origin, missing), PartialLoad, stacklevel=_caller())


def _allow(slug: str, use: str) -> None:
    from registry import queries
    from registry.licences import allows

    allowed, why = allows(queries.effective_licence(slug), use)
    if not allowed:
        verdict = "does not allow" if allowed is False else "is not known to allow"
        raise LicenceError(f"{slug}: its effective licence {verdict} {use} use: {why}")


def _caller() -> int:
    """How many frames up the first one outside this package and `registry` is, for warnings that point there."""
    import sys

    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("loaders", "registry"):
        depth, frame = depth + 1, frame.f_back
    return depth
