"""Images and signals that records name: files on disk, opened only when asked for."""

from __future__ import annotations

from pathlib import Path

from loaders.paths import inside
from registry.errors import MissingFiles


def read_media(folder: Path | None, path: str) -> bytes:
    """The bytes of a file that a record names.

    Args:
        folder: where the dataset's files lie (`Records.folder`).
        path: the record's path, relative to it.

    Raises:
        MissingFiles: it is not there; says where it was looked for.
        MedRegistryError: the path leads out of the folder.
    """
    if folder is None:
        raise MissingFiles(f"{path}: these records were not read from a folder, so their media cannot be found")
    place = inside(folder, path)
    if not place.is_file():
        raise MissingFiles(f"{path} is not on this machine: no file {place}; unpack the dataset's images there")
    return place.read_bytes()
