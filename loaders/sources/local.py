"""Files that are on this machine already: in a folder that the user passes, a mirror, the cache."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from loaders.paths import files_below, inside, is_pattern, matcher, safe
from loaders.read import Located
from registry.errors import MissingFiles
from registry.loadspec import FileRef


def at(root: Path, path: str) -> list[Located]:
    """The file or files at a path or pattern below `root`."""
    if not is_pattern(path):
        target = inside(root, path)
        return [Located(target, path)] if target.is_file() else []
    fixed: list[str] = []
    for part in PurePosixPath(safe(path)).parts[:-1]:
        if is_pattern(part):
            break
        fixed.append(part)
    start = root.joinpath(*fixed)
    if not start.is_dir():
        return []
    above = "/".join(fixed) + "/" if fixed else ""
    wanted = matcher(path)
    return [Located(file, above + name) for name, file in files_below(start) if wanted.fullmatch(above + name)]


def in_files(given: Path | None, ref: FileRef, any_name: bool, named: Collection[str] = ()) -> list[Located]:
    """The file or files in what the user passed: by path, by the end of the path, by name.

    Args:
        given: a folder or a file.
        ref: what is looked for.
        any_name: a single file is it, whatever its name.
        named: all paths of the card; where two end in one name, that name alone tells neither.

    Raises:
        MissingFiles: several files could be meant.
    """
    if given is None:
        return []
    name = PurePosixPath(ref.path).name
    if given.is_file():
        fits = matcher(name).fullmatch(given.name) or (any_name and not is_pattern(ref.path))
        return [Located(given, given.name)] if fits else []
    if found := at(given, ref.path):
        return found
    below = list(files_below(given))
    wanted = matcher("**/" + safe(ref.path))
    if found := [Located(path, relative) for relative, path in below if wanted.fullmatch(relative)]:
        return found if is_pattern(ref.path) else _one(found, ref)
    if any(PurePosixPath(path).name == name for path in named if path != ref.path):
        return []
    by_name = [Located(path, relative) for relative, path in below if path.name == name]
    return _one(by_name, ref) if by_name and not is_pattern(ref.path) else []


def _one(found: list[Located], ref: FileRef) -> list[Located]:
    if len(found) > 1:
        shown = ", ".join(item.name for item in found[:5])
        raise MissingFiles(f"{ref.path}: {len(found)} files could be meant: {shown}; pass the folder of one of them")
    return [Located(found[0].path, ref.path)]
