"""Where a dataset's files are looked for when its card does not say: on this machine first, then its best source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loaders import sources
from loaders.fetch import Located, Origin, locate
from loaders.paths import files_below
from loaders.recognise.guess import Guess
from loaders.recognise.layout import format_and_container
from loaders.recognise.recognise import Remote, recognise
from registry.card import DatasetCard, Place
from registry.errors import MedRegistryError, MissingFiles
from registry.loadspec import FileRef
from registry.settings import settings

SCHEMES = {
    "huggingface": "hf",
    "github": "github",
    "zenodo": "zenodo",
    "figshare": "figshare",
    "dataverse": "dataverse",
    "physionet": "physionet",
    "kaggle": "kaggle",
    "google-drive": "gdrive",
    "doi": "doi",
}
"""Provider of a place -> scheme of its source."""
ROLES = ("official", "unknown", "mirror")
LARGEST_ARCHIVE = 4 << 30
MOST_ARCHIVES = 8
BY_HAND = "hand-over"


@dataclass(frozen=True)
class Spot:
    """One place whose files are known; `origin` gives any of them on this machine."""

    origin: Origin
    files: Sequence[Remote | str]
    at: Mapping[str, Path] = field(default_factory=dict)
    """Files whose place on this machine is known already."""
    members: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """File inside an archive -> the archive, and its name there."""

    @property
    def paths(self) -> list[str]:
        """All files, relative to the source's root."""
        return [file if isinstance(file, str) else file.path for file in self.files]

    def read(self, path: str) -> Path:
        """A file on this machine.

        Raises:
            MissingFiles: it could not be had; says why.
        """
        return self.at.get(path) or self.located(path, unpack=False)[0].path

    def located(self, path: str, *, unpack: bool) -> list[Located]:
        """A file, or the members of an archive, on this machine; raises as `read`."""
        found, gone = locate(self.origin, [FileRef(path=path)], unpack=unpack)
        if gone:
            raise MissingFiles(f"{path} of {self.origin.source}: {'; '.join(gone[0].reasons)}")
        return found


def recognised(
    card: DatasetCard, *, files: Path | None = None, offline: bool | None = None, config: str | None = None
) -> Guess:
    """What is recognised of a dataset whose card has no `load` block.

    Args:
        card: names the places where it lives; its best one that can be asked is taken, official ones first.
        files: a folder or file that is on this machine; without it a mirror's or the cache's folder is looked for.
        offline: open no socket; None takes REGISTRY_OFFLINE.
        config: the configuration that is wanted.

    Returns:
        A guess; its `load` is None where no place could be asked, and `unclear` says why.

    Raises:
        MissingFiles: `files` does not exist.
    """
    closed = settings().offline if offline is None else offline
    best = next(iter(known_sources(card)), BY_HAND)
    folder = local_folder(card.slug, files)
    if folder is not None:
        return guess_at(here(folder, best, card.slug), config)
    if closed:
        why = f"offline: {best} was not asked which files it has"
        return Guess(None, None, 0.0, unclear=["no program can fetch its files" if best == BY_HAND else why])
    reasons: list[str] = []
    for source in known_sources(card):
        try:
            return guess_at(there(card.slug, source), config)
        except sources.Unavailable as error:
            reasons.append(f"{source}: {error}")
    return Guess(None, None, 0.0, unclear=reasons or ["none of its places can be asked for its files"])


def known_sources(card: DatasetCard) -> list[str]:
    """The sources of a card that files can be fetched from, official ones first."""
    places = sorted(card.sources, key=lambda place: ROLES.index(place.role))
    return [source for place in places if (source := source_of(place)) is not None]


def source_of(place: Place) -> str | None:
    """A place as the source of a `load` block; None where files cannot be fetched from it."""
    scheme = SCHEMES.get(place.provider)
    source = f"{scheme}:{place.id}" if scheme and place.id else None
    return source if sources.is_known(source) else None


def local_folder(slug: str, files: Path | None) -> Path | None:
    """The folder or file that holds a dataset on this machine; None where none does.

    Raises:
        MissingFiles: the one that was passed does not exist.
    """
    if files is not None:
        if not files.exists():
            raise MissingFiles(f"files={str(files)!r} does not exist")
        return files
    mirror = settings().mirror
    held = [Path(mirror).expanduser() / slug] if mirror and "://" not in mirror else []
    held.append(settings().cache / "datasets" / slug)
    # The cache keeps versions of a source in folders of their own, which are no files put there by hand.
    return next(
        (
            folder
            for folder in held
            if folder.is_dir() and any(not name.startswith("@") for name, _ in files_below(folder))
        ),
        None,
    )


def here(folder: Path, source: str = BY_HAND, slug: str = "unnamed") -> Spot:
    """A folder or file on this machine as the place where a source's files are."""
    origin = Origin(slug, source, files=folder, offline=True)
    if folder.is_file():
        return Spot(origin, [folder.name], {folder.name: folder})
    at = {name: path for name, path in files_below(folder) if not name.startswith("@")}
    return Spot(origin, list(at), at)


def there(slug: str, source: str, revision: str | None = None) -> Spot:
    """A source as it is now, or at a revision.

    Raises:
        Unavailable: it cannot be listed.
    """
    pinned = revision or sources.latest(source)
    return Spot(Origin(slug, source, pinned), sources.listing(source, pinned))


def guess_at(spot: Spot, config: str | None = None) -> Guess:
    """Recognise the files of one place; its archives are opened where nothing else is data.

    Raises:
        Unavailable: the Hub's own conversion is needed and cannot be listed.
    """
    found = _ask(spot, config)
    source = spot.origin.source or ""
    if found.load is None and found.revision is not None and source.startswith("hf:") and not spot.origin.offline:
        return _ask(there(spot.origin.slug, source, found.revision), config)
    if found.load is None and found.revision is None and (opened := _opened(spot)) is not None:
        found = _ask(opened, config)
    return found


def _ask(spot: Spot, config: str | None) -> Guess:
    return recognise(
        spot.origin.source or BY_HAND,
        spot.origin.revision,
        spot.files,
        spot.read,
        readme_of(spot),
        config=config,
        members=spot.members,
    )


def readme_of(spot: Spot) -> str | None:
    """The text of a place's README; None where it has none that can be read."""
    name = next((path for path in spot.paths if path.lower() == "readme.md"), None)
    if name is None:
        return None
    try:
        return spot.read(name).read_bytes()[: 1 << 20].decode("utf-8", "replace")
    except (OSError, MedRegistryError, sources.Unavailable):
        return None


def _opened(spot: Spot) -> Spot | None:
    """The place with the members of its archives in their place; None where it has no archive that can be opened."""
    at: dict[str, Path] = {}
    members: dict[str, tuple[str, str]] = {}
    for name in list(_archives(spot))[:MOST_ARCHIVES]:
        for member in spot.located(name, unpack=True):
            at[member.name], members[member.name] = member.path, (name, member.name.removeprefix(f"{name}/"))
    return Spot(spot.origin, list(at), at, members) if at else None


def _archives(spot: Spot) -> Iterator[str]:
    for file in spot.files:
        name, size = (file, None) if isinstance(file, str) else (file.path, file.bytes)
        if format_and_container(name)[1] in ("zip", "tar", "tar.gz") and (size or 0) <= LARGEST_ARCHIVE:
            yield name
