"""`registry verify`: a dataset's files on this machine, and what was made of them, held against what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loaders import checksums, manifests, store, tokenstore
from loaders.fetch import Origin, locate
from loaders.paths import is_pattern
from loaders.tokens import Arrays
from loaders.tokens_of import tokens_of
from loaders.wanted import files_of, paths, plans
from registry.card import DatasetCard
from registry.errors import ChecksumError, MissingFiles, NotLoadable, ReadError
from registry.loadspec import FileRef

OK, PINNED_NOT, CHANGED, MISSING = "ok", "not pinned", "changed", "missing"


class Checked(NamedTuple):
    """One file and what came of it: ok, not pinned, changed or missing."""

    config: str | None
    split: str
    file: str
    state: str
    told: str


def verify(card: DatasetCard, *, config: str | None = None, files: Path | None = None) -> list[Checked]:
    """Read every file of a dataset afresh; nothing is fetched.

    A file is `ok` where the card pins its checksum, or the manifest of the last load tells it, and it has it; `not
    pinned` where neither says what it should be. Records in the cache, and tokens that were made of them, are held
    against the checksums they were written with.

    Raises:
        NotLoadable: the card has no `load` block.
        UnknownOption: no such configuration.
        MissingFiles: `files` does not exist.
    """
    if card.load is None:
        raise NotLoadable(f"{card.slug}: its card has no `load` block, so there is nothing to verify")
    origin = Origin(
        slug=card.slug,
        source=card.load.source,
        revision=card.load.revision,
        files=files,
        offline=True,
        named=paths(card.load),
        withheld=card.load.withheld,
    )
    if files is not None and not files.exists():
        raise MissingFiles(f"there is no folder or file {files}")
    found: list[Checked] = []
    for name, one in plans(card.load, config):
        known = (manifests.kept(card.slug, name) or {}).get("splits", {}).get(one.name, {})
        told = {file["path"]: file["sha256"] for file in [*known.get("files", []), *known.get("archives", [])]}
        for ref in files_of(one):
            found += [Checked(name, one.name, *told_of) for told_of in _files(origin, ref, told)]
        if key := known.get("records"):
            found += [Checked(name, one.name, *told_of) for told_of in (*_records(key), *_tokens(key))]
    return found


def _files(origin: Origin, ref: FileRef, told: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    try:
        located, absent = locate(origin, [ref], unpack=False)
    except MissingFiles as error:
        yield ref.path, MISSING, str(error)
        return
    except (ChecksumError, ReadError) as error:
        yield ref.path, CHANGED, str(error)
        return
    if absent:
        yield ref.path, MISSING, "; ".join(absent[0].reasons) or "not on this machine"
    for file in located:
        digest = checksums.sha256(file.path, fresh=True)
        pins = [entry for entry in (ref, *ref.copies) if entry.path == file.name and not is_pattern(entry.path)]
        try:
            for entry in pins[:1]:
                checksums.check(file.path, entry)
        except ChecksumError as error:
            yield file.name, CHANGED, str(error)
            continue
        if file.name in told and told[file.name] != digest:
            yield file.name, CHANGED, f"sha256 is {digest}, and was {told[file.name]} when it was last loaded"
        elif file.name in told or any(entry.sha256 or entry.git_blob for entry in pins[:1]):
            yield file.name, OK, digest
        else:
            yield (
                file.name,
                PINNED_NOT,
                f"sha256 is {digest}; neither the card nor a load before says what it should be",
            )


def _records(key: str) -> Iterator[tuple[str, str, str]]:
    folder = store.folder_of(key)
    record = store.record_of(folder)
    if record is None:
        yield f"records/{key}", MISSING, "cleaned, or never made; the next load makes them"
        return
    for part in record["parts"]:
        path = folder / part["file"]
        name = f"records/{key}/{part['file']}"
        if not path.is_file():
            yield name, MISSING, "the next load makes them anew"
        elif (digest := checksums.sha256(path, fresh=True)) != part["sha256"]:
            yield name, CHANGED, f"sha256 is {digest}, and was written as {part['sha256']}; remove {folder}"
        else:
            yield name, OK, digest


def _tokens(records: str) -> Iterator[tuple[str, str, str]]:
    for folder in tokens_of(records):
        name = f"tokens/{folder.name}"
        if bad := tokenstore.damaged(folder):
            yield name, CHANGED, f"not what was written: {', '.join(bad)}; remove {folder}"
        else:
            yield name, OK, f"all {len(Arrays._fields)} files"
