"""From the list of a source's files to a `load` block, tried on samples of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from loaders.mapping import columns_of
from loaders.paths import matcher
from loaders.recognise.configuration import Found, recognised_config
from loaders.recognise.guess import BELIEVED, Guess
from loaders.recognise.layout import Entry, Layout, lay_out
from loaders.recognise.readme import class_names, features_of, front_matter
from registry.loadspec import Load, Pipeline

MOST_CONFIGS = 24
"""Configurations that are looked into; each costs the download of a file of each of its splits."""
MOST_BYTES = 1 << 30
"""No further configuration is looked into once the files for it come to more than this."""
MOST_FILES = 60
"""Beyond this many files of a split a pattern stands for them, where one names them and no other."""


class Remote(Protocol):
    """A file of a source as `loaders.sources.listing` tells of it."""

    @property
    def path(self) -> str:
        """Relative to the source's root."""

    @property
    def bytes(self) -> int | None:
        """Its size."""

    @property
    def sha256(self) -> str | None:
        """Its checksum."""


def recognise(
    source: str,
    revision: str | None,
    files: Sequence[Remote | str],
    sample: Callable[[str], Path],
    readme: str | None = None,
    features: Any = None,
    *,
    config: str | None = None,
    members: Mapping[str, tuple[str, str]] | None = None,
) -> Guess:
    """Recognise which of a source's files are data, and what their columns mean.

    Args:
        source: the place, as a card's `load.source`.
        revision: its version.
        files: all its files: paths, or what `loaders.sources.listing` gives.
        sample: gives a file of it on this machine, by path; asked for one file of each split.
        readme: text of its README, whose front matter is read where it is a Hub repository.
        features: the Hub's features of the columns, in any of its forms.
        config: the configuration that is wanted; it is looked into in any case.
        members: of files inside archives: the archive, and their name in it.

    Returns:
        A guess whose `load` gives the recognised schema where the confidence is at least `BELIEVED`, and the schema
        `table` otherwise; None where there is nothing to read.
    """
    known: dict[str, Remote | None] = {}
    for file in files:
        known.update({file: None} if isinstance(file, str) else {file.path: file})
    matter = front_matter(readme)
    layout = lay_out(list(known), matter)
    if layout.empty:
        told = list(layout.notes) or ["none of its files is a table, JSON or text that a reader takes"]
        return Guess(None, None, 0.0, unclear=told, revision=layout.revision)
    chosen = _wanted(layout, config, known)
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory(prefix="medregistry-sample-") as folder:
        for number, (name, splits) in enumerate(chosen.items()):
            told_classes = class_names(features) or class_names(features_of(matter, name or None))
            one = recognised_config(
                splits, sample, Path(folder) / str(number), told_classes, _tasks(matter), list(known)
            )
            if one.entries:
                found[name] = one
            else:
                layout = _noted(layout, one.unclear)
    notes = list(layout.notes)
    if len(chosen) < len(layout.configs):
        notes.append(f"{len(layout.configs) - len(chosen)} more configurations were not looked into")
    if not found:
        return Guess(None, None, 0.0, unclear=notes)
    # The first configuration is the one that is loaded where nobody asks for another.
    found = dict(sorted(found.items(), key=lambda item: (item[0] in layout.repeats, item[1].confidence < BELIEVED)))
    return _guess(source, revision, Listed(known, members or {}), found, notes)


class Listed(NamedTuple):
    """The files of a source, and which of them lie inside archives."""

    known: Mapping[str, Remote | None]
    members: Mapping[str, tuple[str, str]]


def _wanted(
    layout: Layout, config: str | None, known: Mapping[str, Remote | None]
) -> Mapping[str, Mapping[str, Sequence[Entry]]]:
    names = list(layout.configs)
    if config in names:
        names = [config, *(name for name in names if name != config)]
    chosen: dict[str, Mapping[str, Sequence[Entry]]] = {}
    size = 0
    for name in names[:MOST_CONFIGS]:
        firsts = [known.get(entries[0].path) for entries in layout.configs[name].values()]
        size += sum(file.bytes or 0 for file in firsts if file is not None)
        if chosen and size > MOST_BYTES:
            break
        chosen[name] = layout.configs[name]
    return chosen


def _noted(layout: Layout, notes: Sequence[str]) -> Layout:
    return replace(layout, notes=(*layout.notes, *notes))


def _tasks(matter: Mapping[str, Any]) -> frozenset[str]:
    told = matter.get("task_categories")
    return frozenset(str(task) for task in (told if isinstance(told, list) else [told]) if task)


def _guess(source: str, revision: str | None, listed: Listed, found: Mapping[str, Found], notes: list[str]) -> Guess:
    first = next(iter(found.values()))
    block: dict[str, Any] = {"schema": first.schema, "source": source}
    if revision:
        block["revision"] = revision
    if list(found) == [""]:
        block |= _mapping(first) | {"splits": _splits(first, listed)}
    else:
        whole, rest = _shared(found)
        block |= whole
        block["configs"] = {
            name or "default": ({} if one.schema == first.schema else {"schema": one.schema})
            | rest[name]
            | {"splits": _splits(one, listed)}
            for name, one in found.items()
        }
    several = len(found) > 1
    said = {name: one for name, one in found.items() if one.why or one.unclear}
    return Guess(
        Load.model_validate(block),
        first.schema,
        first.confidence,
        why=[*_unique((f"{name}: " if several else "") + told for name, one in said.items() for told in one.why)],
        unclear=[
            *notes,
            *_unique((f"{name}: " if several else "") + x for name, one in said.items() for x in one.unclear),
        ],
        columns={name or "default": one.columns for name, one in found.items()},
        seen={path: columns for one in found.values() for path, columns in one.seen.items()},
        confidences={name or "default": one.confidence for name, one in found.items()},
    )


def _unique(texts: Any) -> list[str]:
    return list(dict.fromkeys(texts))


def _mapping(one: Found) -> dict[str, Any]:
    mapping: dict[str, Any] = {"read": dict(one.read)}
    if one.confidence >= BELIEVED and one.fields:
        used = {name for value in one.fields.values() for name in columns_of(Pipeline.parse(value))}
        if not any("fields" in split for split in one.splits.values()):
            mapping["read"]["expect"] = [name for name in one.columns if name in used]
        mapping["fields"] = one.fields
        if one.group is not None:
            mapping["group"] = one.group
    return mapping


def _shared(found: Mapping[str, Found]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What all configurations have alike, for the block; and what each has of its own."""
    each = {name: _mapping(one) for name, one in found.items()}
    first = next(iter(each.values()))
    if all(mapping == first for mapping in each.values()):
        return first, {name: {} for name in each}
    return {}, each


def _splits(one: Found, listed: Listed) -> dict[str, Any]:
    splits: dict[str, Any] = {}
    for name, entries in one.entries.items():
        differs = dict(one.splits.get(name, {}))
        paths = [entry.path for entry in entries]
        if paths[0] in listed.members:
            refs, member = _packed(paths, listed)
            differs["read"] = {**differs.get("read", {}), "member": member}
        else:
            refs = _refs(paths, listed.known)
        splits[name] = {"files": refs if len(refs) > 1 else refs[0], **differs}
    return splits


def _packed(paths: Sequence[str], listed: Listed) -> tuple[list[dict[str, Any]], str]:
    """The archives of files, and a pattern of their names inside."""
    inside = [listed.members[path] for path in paths]
    names = list(dict.fromkeys(member for _, member in inside))
    refs: list[dict[str, Any]] = [{"path": archive} for archive in dict.fromkeys(archive for archive, _ in inside)]
    if len(names) == 1:
        return refs, names[0]
    others = {member: None for _, member in listed.members.values()}
    return refs, _pattern(names, others) or "{" + ",".join(names) + "}"


def _refs(paths: Sequence[str], known: Mapping[str, Remote | None]) -> list[dict[str, Any]]:
    if len(paths) > MOST_FILES and (pattern := _pattern(paths, known)):
        return [{"path": pattern}]
    refs: list[dict[str, Any]] = []
    for path in paths:
        remote = known.get(path)
        facts = {"bytes": getattr(remote, "bytes", None), "sha256": getattr(remote, "sha256", None)}
        refs.append({"path": path} | {name: value for name, value in facts.items() if value is not None})
    return refs


def _pattern(paths: Sequence[str], known: Mapping[str, Remote | None]) -> str | None:
    """A pattern of exactly these paths; None where none is found."""
    head = _common_start(paths)
    tail = _common_start([path[len(head) :][::-1] for path in paths])[::-1]
    pattern = f"{head}*{tail}"
    if any(mark in head + tail for mark in "*?{}[]"):
        return None
    wanted = matcher(pattern)
    return pattern if {path for path in known if wanted.fullmatch(path)} == set(paths) else None


def _common_start(texts: Sequence[str]) -> str:
    low, high = min(texts), max(texts)
    same = next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), None)
    return low[:same] if same is not None else low
