"""`registry mirror`: datasets as a folder that REGISTRY_MIRROR reads on a machine without a network."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loaders import checksums
from loaders.download import shown
from loaders.fetch import Absent, Located, Origin, locate
from loaders.paths import inside
from loaders.wanted import files_of, plans
from registry.card import DatasetCard
from registry.errors import MedRegistryError, NotLoadable
from registry.loadspec import FileRef

SUMS = "SHA256SUMS"
README = """# Datasets for MedRegistry, without a network

This folder holds files of medical datasets as their sources publish them, made by `registry mirror`.

    export REGISTRY_MIRROR=/path/to/this/folder
    export REGISTRY_OFFLINE=1
    registry load {example}

- `<slug>/<path as in the source>`: the files.
- `cards/<slug>.yaml`: what each dataset is, its licence, and how its files become records. A dataset that the other
  machine's catalogue does not know is loaded once REGISTRY_CARDS names a folder that holds its card.
- `manifests/<slug>.json`: where each file came from, at which revision, with its checksum.
- `SHA256SUMS`: all checksums. `sha256sum --check SHA256SUMS` proves that the folder arrived whole.

Files keep the licence that they have at their source. Whether this folder may be handed on, each dataset's licence and
access terms say:

{terms}
"""


class Mirrored(NamedTuple):
    """What came of one dataset: files in the folder, their bytes, and what is missing."""

    slug: str
    files: int
    bytes: int
    missing: list[str]


def mirror(
    cards: Sequence[tuple[DatasetCard, str]], to: Path, *, offline: bool = False, media: bool = True
) -> list[Mirrored]:
    """Write the files of datasets, their cards, manifests, checksums and a README into a folder.

    What is there already with the right checksum stays, so that a mirror that was interrupted goes on. Files are copied
    whole: a name in the folder always holds all of its file.

    Args:
        cards: each card, and it as YAML.
        to: the folder; made where it is not there.
        offline: take what is on this machine and open no connection.
        media: also the pictures and signals that records name by path, where the card says in which files they are.

    Raises:
        NotLoadable: a card has no `load` block.
        ChecksumError, ReadError: a file is not what its card pins.
        MedRegistryError: the folder cannot be written.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        done = [_mirror_one(card, text, to, offline, media) for card, text in cards]
        _write(to / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(set(_sums(to)))))
        terms = "\n".join(map(_terms, _manifests(to)))
        _write(to / "README.md", README.format(example=cards[0][0].slug, terms=terms))
    except OSError as error:
        raise MedRegistryError(f"{error.filename or to} cannot be written: {error.strerror or error}") from None
    return done


def _mirror_one(card: DatasetCard, text: str, to: Path, offline: bool, media: bool) -> Mirrored:
    if card.load is None:
        raise NotLoadable(f"{card.slug}: its card has no `load` block that says which files it consists of")
    origin = Origin(card.slug, card.load.source, card.load.revision, offline=offline, withheld=card.load.withheld)
    refs: dict[str, FileRef] = {}
    for _, one in plans(card.load):
        refs |= {f"{ref.source} {ref.dataset} {ref.path}": ref for ref in files_of(one)}
    if media:
        refs |= {f"{ref.source} {ref.dataset} {ref.path}": ref for entry in card.load.media for ref in entry.files}
    listed, missing = [], []
    placed: dict[Path, str] = {}
    for ref in refs.values():
        located, absent = locate(origin, [ref], unpack=False)
        missing += [_why(one) for one in absent]
        for file in located:
            target = inside(to / (ref.dataset or card.slug), file.name)
            if placed.setdefault(target, digest := checksums.sha256(file.path)) != digest:
                raise MedRegistryError(
                    f"{card.slug}: two of its sources have a file {file.name}, and they differ: a mirror holds one"
                )
            _copy(file, target, digest)
            listed.append(
                {
                    "path": target.relative_to(to).as_posix(),
                    "source": shown(ref.url or ref.source or card.load.source or ""),
                    "revision": None if ref.source else card.load.revision,
                    "bytes": target.stat().st_size,
                    "sha256": digest,
                }
            )
    _write(to / "cards" / f"{card.slug}.yaml", text)
    told = {"slug": card.slug, "licence": card.licence.data, "access": card.access, "files": listed, "missing": missing}
    _write(to / "manifests" / f"{card.slug}.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return Mirrored(card.slug, len(listed), sum(int(file["bytes"] or 0) for file in listed), missing)


def _why(absent: Absent) -> str:
    return f"{absent.ref.path}: {'; '.join(absent.reasons) or 'not found'}"


def _copy(file: Located, target: Path, digest: str) -> None:
    """Copy a file, checked on arrival; one that is there already stays."""
    if target.is_file() and target.stat().st_size == file.path.stat().st_size and checksums.sha256(target) == digest:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    os.close(handle)
    try:
        shutil.copyfile(file.path, temporary)
        if checksums.sha256(Path(temporary), fresh=True) != digest:
            raise MedRegistryError(f"{target}: the copy differs from {file.path}; is the disk sound?")
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=".part-", delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(target)
    target.chmod(0o644)


def _manifests(to: Path) -> list[dict[str, Any]]:
    found = []
    for path in sorted((to / "manifests").glob("*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            raise MedRegistryError(f"{path} is no manifest; take it away, or mirror into another folder") from None
    return found


def _sums(to: Path) -> Iterable[tuple[str, str]]:
    """Name and SHA-256 of all files of the mirror, also of those that an earlier run brought."""
    for path in sorted([*(to / "cards").glob("*.yaml"), *(to / "manifests").glob("*.json")]):
        yield path.relative_to(to).as_posix(), checksums.sha256(path, fresh=True)
    for manifest in _manifests(to):
        for file in manifest["files"]:
            yield file["path"], file["sha256"]


def _terms(manifest: dict[str, Any]) -> str:
    return f"- {manifest['slug']}: licence {manifest['licence'] or 'not stated'}, access {manifest['access']}"
