"""Folders of pictures that were made of tables or tar files: once, whole or not at all, one process at a time."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loaders import archives
from loaders.fetch import Located, Origin
from loaders.paths import inside
from registry.errors import MedRegistryError, ReadError
from registry.loadspec import FileRef, Media
from registry.settings import settings

LIMITS = archives.LIMITS
LARGEST = 1 << 30
"""Bytes of one picture in a table."""
AT_ONCE = 64
"""Rows of a table in memory."""
KNOWN = 256

_known: dict[str, Path] = {}
"""What this process has unpacked or found unpacked, so that a source is not asked again for each picture."""


def known(origin: Origin, media: Media, ref: FileRef) -> Path | None:
    """The folder of an entry that this process has unpacked before, if it is still there."""
    folder = _known.get(_entry(origin, media, ref))
    return folder if folder is not None and folder.is_dir() else None


def unpack(origin: Origin, media: Media, ref: FileRef, tables: Sequence[Located]) -> Path:
    """A folder in the cache with a file for each name in `tables`; made if it is not there.

    The first of the rows that have one name counts: tables repeat a picture on each row that speaks of it.

    Raises:
        ReadError: no Parquet file, without these columns, a name that leads out of the folder, or too many bytes.
    """
    measured = [[table.name, table.path.stat().st_size, table.path.stat().st_mtime_ns] for table in tables]
    asked = [media.name, media.bytes, media.suffix, measured]
    folder = _once(asked, lambda target: _write_tables(tables, media, target))
    if len(_known) >= KNOWN:
        _known.clear()
    _known[_entry(origin, media, ref)] = folder
    return folder


def whole_archive(archive: Path) -> Path:
    """A folder in the cache with all members of a tar file; made if it is not there.

    Raises:
        ReadError: as `loaders.archives.unpack`.
    """
    status = archive.stat()
    asked = [str(archive.absolute()), status.st_size, status.st_mtime_ns]
    if (done := _known.get(json.dumps(asked))) is not None and done.is_dir():
        return done
    container = archives.container_of(archive.name) or "tar"

    def write(target: Path) -> None:
        archives.unpack(archive, container, None, target)

    _known[json.dumps(asked)] = folder = _once(asked, write)
    return folder


def _entry(origin: Origin, media: Media, ref: FileRef) -> str:
    told = [origin.slug, origin.source, origin.revision, str(origin.files), settings().mirror, str(settings().cache)]
    return json.dumps([*told, media.model_dump(mode="json", exclude={"files"}), ref.model_dump(mode="json")])


def _once(asked: Any, write: Callable[[Path], None]) -> Path:
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]
    folder = settings().cache / "media" / key
    if folder.is_dir():
        return folder
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{key}.lock"):
        if folder.is_dir():
            return folder
        # What a process that was killed left behind: nobody else makes this folder while the lock is held.
        for left in folder.parent.glob(f".part-{key}-*"):
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".part-{key}-"))
        try:
            write(part)
            part.rename(folder)
        except OSError as error:
            raise MedRegistryError(f"{folder}: {error.strerror or error}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _write_tables(tables: Sequence[Located], media: Media, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    written = Written(target)
    for table in tables:
        try:
            with pyarrow.parquet.ParquetFile(table.path) as file:
                names, inner = _columns(table, media, file.schema_arrow)
                for batch in file.iter_batches(batch_size=AT_ONCE, columns=names):
                    written.rows(table, batch, media, inner)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the disk; what Arrow says of a broken file has no number
            raise ReadError(f"{table.path}: not a whole Parquet file of pictures: {error}") from None


def _columns(table: Located, media: Media, schema: Any) -> tuple[list[str], bool]:
    """The columns to read, and whether the bytes are in a struct {bytes, path}."""
    import pyarrow as pa

    names = [name for name in (media.name, media.bytes) if name is not None]
    if missing := [name for name in names if name not in schema.names]:
        raise ReadError(f"{table.path}: no column {missing[0]!r}; columns there: {', '.join(schema.names[:30])}")
    kind = schema.field(media.bytes).type
    inner = pa.types.is_struct(kind) and {"bytes"} <= {field.name for field in kind}
    if not inner and not pa.types.is_binary(kind) and not pa.types.is_large_binary(kind):
        raise ReadError(f"{table.path}: the column {media.bytes!r} holds {kind}, neither bytes nor {{bytes, path}}")
    if media.name is None and not (inner and "path" in {field.name for field in kind}):
        raise ReadError(f"{table.path}: {media.bytes!r} tells no path; the card should give the `name` of the pictures")
    return names, inner


class Written:
    """Pictures of tables on disk, counted."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.count = self.bytes = 0

    def rows(self, table: Located, batch: Any, media: Media, inner: bool) -> None:
        """Write the pictures of some rows; rows without a picture or a name have none."""
        import pyarrow as pa

        values = batch.column(media.bytes)
        data = values.field("bytes") if inner else values
        names = batch.column(media.name) if media.name is not None else values.field("path")
        for name, content in zip(names.cast(pa.string()).to_pylist(), data, strict=True):
            if name is not None and content.is_valid:
                self.one(table, name + media.suffix, content)

    def one(self, table: Located, name: str, content: Any) -> None:
        """Write one picture, unless its name was written before."""
        try:
            file = inside(self.target, name)
        except MedRegistryError:
            raise ReadError(f"{table.path}: the picture {name!r} leads out of the folder; none is used") from None
        if file.is_file():
            return
        data = content.as_buffer()
        self.count, self.bytes = self.count + 1, self.bytes + data.size
        if data.size > LARGEST or self.bytes > LIMITS.bytes or self.count > LIMITS.members:
            raise ReadError(f"{table.path}: more or larger pictures than expected; not unpacked further")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
