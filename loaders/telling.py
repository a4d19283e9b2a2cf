"""What a load tells besides its records: warnings, the manifest that is kept, events of the sources."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from loaders import absent, manifests
from loaders.fetch import Absent, Located, Origin, SourceNote
from registry.card import DatasetCard
from registry.errors import DatabaseError, PartialLoad
from registry.loadspec import Load
from registry.settings import settings


def missing(
    card: DatasetCard, spec: Load, origin: Origin, lost: Mapping[str, Sequence[Absent]], manifest: dict[str, Any]
) -> None:
    """Splits whose files are not here, by name."""
    if not lost:
        return
    manifest["missing"] = list(lost)
    warnings.warn(absent.message(card, spec, origin, lost), PartialLoad, stacklevel=caller())


def withheld(card: DatasetCard, spec: Load, origin: Origin, manifest: dict[str, Any]) -> None:
    """Files that were passed over, and why."""
    if not origin.skipped:
        return
    manifest["withheld"] = sorted(origin.skipped)
    reasons = "; ".join(entry.reason for entry in spec.withheld)
    count = len(origin.skipped)
    told = f"{card.slug}: {count} file{'s' if count > 1 else ''} neither fetched nor read: {reasons}"
    warnings.warn(told, PartialLoad, stacklevel=caller())


def keep(manifest: dict[str, Any]) -> None:
    """Keep the manifest for `registry verify`; where that cannot be done the load is no worse for it."""
    try:
        manifests.keep(manifest)
    except OSError as error:
        told = (
            f"the manifest cannot be kept in {settings().cache}: {error.strerror or error}; `registry verify` lacks it"
        )
        warnings.warn(told, UserWarning, stacklevel=caller())


def seen(slug: str, notes: Sequence[SourceNote]) -> None:
    """Keep what a load saw of the sources as events; a catalogue that cannot be written stops no load."""
    from sqlalchemy.exc import SQLAlchemyError

    from registry.seen_at_load import Seen, tell

    if notes:
        with contextlib.suppress(DatabaseError, SQLAlchemyError):
            tell(slug, [Seen(*note) for note in notes])


def unused(card: DatasetCard, origin: Origin, found: Sequence[Located]) -> None:
    """That nothing of what the user passed was of use: the files came from a mirror, the cache or the network."""
    given = origin.files
    if given is None or given.is_file() or any(given.resolve() in file.path.resolve().parents for file in found):
        return
    if found:
        told = f"{card.slug}: nothing in {given} was used; its files were found elsewhere. Is it the right folder?"
        warnings.warn(told, UserWarning, stacklevel=caller())


def caller() -> int:
    """How many frames up the first one outside this package and `registry` is, for warnings that point there."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("loaders", "registry"):
        depth, frame = depth + 1, frame.f_back
    return depth
