"""Which of a source's files are data, and which split and configuration each belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from loaders.paths import matcher
from loaders.readers import SUFFIXES
from loaders.recognise.asides import is_output, is_whole
from loaders.recognise.pieces import MANY_PIECES, Piece, Shard, absent, belonging, shard_of
from loaders.recognise.readme import declared
from loaders.recognise.words import folded, split_of
from registry.errors import MedRegistryError

RANK = ("parquet", "jsonl", "json", "csv", "tsv", "xlsx", "xml", "text")
"""Of the same rows in several formats the first is taken."""
CONVERTED = "refs/convert/parquet"
MOST_CONFIGS = 200
CONTAINERS = (".tar.gz", ".tgz", ".zip", ".tar", ".gz")
NO_DATA = re.compile(
    r"(?i)^(readme|licen[cs]e|copying|notice|changelog|citation|requirements|contributing|code_of_conduct|croissant"
    r"|package(-lock)?|tokenizer|vocab|special_tokens|config|configs|settings|environment|tsconfig|manifest"
    r"|dataset_infos?|dataset_dict|state|metadata_schema|schema|data_card|index)(\W|_|$)"
)
NO_FOLDER = re.compile(
    r"(?i)^(\.|__|src|scripts?|code|docs?|notebooks?|figures?|assets|images?|imgs?|node_modules|results?|outputs?|logs?"
    r"|models?|configs?|prompts?)(\W|_|$)"
)
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Entry:
    """One data file: its path, format, and the archive it is packed in (its kind), if any."""

    path: str
    format: str
    container: str | None = None


@dataclass(frozen=True)
class Layout:
    """Configurations (the one of no name: ``""``) -> splits -> files in order."""

    configs: Mapping[str, Mapping[str, Sequence[Entry]]]
    revision: str | None = None
    """Another revision whose files should be listed instead: the Hub's own conversion."""
    notes: tuple[str, ...] = ()
    repeats: frozenset[str] = field(default=frozenset())
    """Configurations that may hold the rows of the others once more: none of them is the default."""

    @property
    def empty(self) -> bool:
        """Whether no file is data."""
        return not self.configs


def format_and_container(path: str) -> tuple[str | None, str | None]:
    """The format of a data file and the archive around it, by its ending: (jsonl, gz) for ``a.jsonl.gz``."""
    lower = path.lower()
    container = next((suffix for suffix in CONTAINERS if lower.endswith(suffix)), None)
    inner = lower.removesuffix(container) if container else lower
    found = SUFFIXES.get(PurePosixPath(inner).suffix)
    kind = {None: None, ".tgz": "tar.gz"}.get(container, (container or "")[1:])
    return (found if found in RANK else None), kind


def lay_out(paths: Sequence[str], matter: Mapping[str, Any] | None = None) -> Layout:
    """Sort the files of a source into configurations and splits.

    Args:
        paths: all files of the source, relative to its root.
        matter: front matter of its README; what it declares counts before what names tell.
    """
    entries = [entry for path in paths if (entry := _entry(path))]
    if said := declared(matter or {}):
        layout = _declared(said, entries)
        if not layout.empty:
            return layout
    scripts = [path for path in paths if "/" not in path and path.endswith(".py")]
    readable = [entry for entry in entries if entry.container in (None, "gz") and entry.format != "text"]
    if not readable and scripts:
        told = "its data come out of a script, which is not run; the Hub's own conversion of them is read instead"
        return Layout({}, CONVERTED, (told,))
    return _by_names(readable or [entry for entry in entries if entry.container in (None, "gz")])


def _entry(path: str) -> Entry | None:
    *folders, name = PurePosixPath(path).parts
    if name.startswith(".") or NO_DATA.match(name) or any(NO_FOLDER.match(folder) for folder in folders):
        return None
    kind, container = format_and_container(path)
    if container not in (None, "gz"):
        return Entry(path, kind or "other", container)
    return Entry(path, kind, container) if kind else None


def _declared(said: Mapping[str, Mapping[str, Sequence[str]]], entries: Sequence[Entry]) -> Layout:
    configs: dict[str, dict[str, list[Entry]]] = {}
    notes: list[str] = []
    for config, splits in list(said.items())[:MOST_CONFIGS]:
        for split, patterns in splits.items():
            found = [entry for pattern in patterns for entry in _matching(pattern, entries)]
            found = [entry for entry in dict.fromkeys(found) if entry.container in (None, "gz")]
            if found:
                name = "" if config == "default" and len(said) == 1 else config
                best = min((entry.format for entry in found), key=RANK.index)
                taken = configs.setdefault(name, {})[split] = [entry for entry in found if entry.format == best]
                pieces = [Piece(entry.path, _placed(entry).number) for entry in taken]
                notes += absent([piece for piece in pieces if piece.shard and piece.shard.of])
            else:
                notes.append(f"the README declares {', '.join(patterns)}, and no such data file is there")
    return Layout(configs, notes=tuple(notes))


def _matching(pattern: str, entries: Sequence[Entry]) -> list[Entry]:
    if pattern.endswith("/"):
        pattern += "**"
    try:
        wanted = matcher(pattern)
    except MedRegistryError:
        return []
    found = [entry for entry in entries if wanted.fullmatch(entry.path) or entry.path == pattern]
    return found or [entry for entry in entries if entry.path.startswith(pattern + "/")]


@dataclass(frozen=True)
class _Placed:
    entry: Entry
    split: str | None
    folders: tuple[str, ...]
    """Words of its folders that are no split."""
    rest: str
    """What its name says besides split and number."""
    shard: str
    number: Shard | None = None
    word: str = ""
    """How its split is called."""
    by_folder: bool = False
    """Whether its split is the name of a folder."""
    piece: bool = False
    """Whether it is one of many that say nothing but what they belong to."""


def _by_names(entries: Sequence[Entry]) -> Layout:
    outputs = [entry.path for entry in entries if is_output(entry.path)]
    if len(outputs) == len(entries):
        outputs = []
    notes = [f"{path} is left out: by its name it holds what a model gave" for path in outputs]
    placed = [_placed(entry) for entry in entries if entry.path not in outputs]
    placed = _one_set(_best_formats(placed))
    configs: dict[str, dict[str, list[_Placed]]] = {}
    for folder in dict.fromkeys(item.folders for item in placed):
        here = [item for item in placed if item.folders == folder]
        base = "/".join(folder)
        plain = {item.split for item in here if not item.rest and item.split}
        for item in here:
            split = item.split
            if split is None and not item.rest and plain:
                split = "train" if "train" not in plain else item.shard or "other"
            # `test_hard` beside `test` is a part of the same set; `medqa_test` beside `pubmedqa_test` is another set.
            same_set = item.rest and split and split in plain
            name = base if same_set or not item.rest else f"{base}/{item.rest}".strip("/")
            label = f"{split}_{item.rest}".replace(" ", "_") if same_set else split or "train"
            configs.setdefault(name, {}).setdefault(label, []).append(item)
    return _named({name: _apart(splits) for name, splits in configs.items()}, notes)


def _apart(splits: Mapping[str, list[_Placed]]) -> dict[str, list[_Placed]]:
    """Splits of two names for one thing, as `dev` and `val`, keep their own names: both are there for a reason."""
    found: dict[str, list[_Placed]] = {}
    for label, items in splits.items():
        several = len({item.word for item in items if item.split}) > 1
        for item in items:
            own = label.replace(item.split, item.word, 1) if several and item.split else label
            found.setdefault(own, []).append(item)
    return found


def _named(configs: Mapping[str, Mapping[str, Sequence[_Placed]]], notes: list[str]) -> Layout:
    """Configurations by the part of their names that tells them apart; one alone needs none."""
    split = {name for name, splits in configs.items() if any(item.split for items in splits.values() for item in items)}
    repeats = {name for name in configs if split and name not in split and is_whole(name)}
    notes += [f"{name} may hold the rows of the splits beside it again: not the default" for name in repeats]
    if len(configs) > MOST_CONFIGS:
        notes.append(f"{len(configs)} groups of files, of which the first {MOST_CONFIGS} are looked at")
    found: dict[str, dict[str, list[Entry]]] = {}
    kept = sorted(configs, key=lambda name: name in repeats)[:MOST_CONFIGS]
    shorts = {name: "" if len(kept) == 1 else _short(name, kept) or "default" for name in kept}
    for name, short in shorts.items():
        found[short] = {}
        for label, items in sorted(configs[name].items(), key=lambda pair: _order(pair[0])):
            found[short][label], told = _joined(items)
            notes += told
    return Layout(found, notes=tuple(notes), repeats=frozenset(shorts[name] for name in repeats if name in shorts))


def _joined(items: Sequence[_Placed]) -> tuple[list[Entry], list[str]]:
    entries = {item.entry.path: item.entry for item in items}
    # Numbers alone in the folder of a split are names of documents, which may have gaps.
    pieces = [
        Piece(path, item.number, item.piece or (item.by_folder and item.number is not None and item.number.of is None))
        for item in items
        for path in [item.entry.path]
    ]
    paths, notes = belonging(pieces)
    return [entries[path] for path in paths], notes


def _order(split: str) -> tuple[int, str]:
    known = ("train", "validation", "test")
    return (known.index(split) if split in known else len(known), split)


def _short(name: str, names: Sequence[str]) -> str:
    parts = name.split("/")
    for count in range(1, len(parts) + 1):
        tail = "/".join(parts[-count:])
        if sum(other == tail or other.endswith("/" + tail) for other in names) == 1:
            return tail.replace("/", "-").replace(" ", "_")
    return name.replace("/", "-").replace(" ", "_")


def _placed(entry: Entry) -> _Placed:
    *folders, name = PurePosixPath(entry.path).parts
    stem = name
    for _ in range(3):
        suffix = PurePosixPath(stem).suffix.lower()
        if suffix in SUFFIXES or suffix in CONTAINERS:
            stem = stem[: -len(suffix)]
    stem, shard, number = shard_of(stem)
    split, rest, word = _taken(_WORDS.findall(stem))
    above: list[str] = []
    by_folder = False
    for folder in folders:
        inner, left, called = _taken(_WORDS.findall(folder))
        if inner and split is None and not left:
            split, word, by_folder = inner, called, True
        elif not (inner and not left) and folder.lower() not in ("data", "dataset", "datasets", "raw", *RANK):
            above.append(folder)
    return _Placed(entry, split, tuple(above), " ".join(rest), shard, number, word, by_folder)


def _taken(words: Sequence[str]) -> tuple[str | None, list[str], str]:
    """The one split that words name, the other words, and how it is called; none where they name two."""
    splits = [split_of(word) for word in words]
    named = {split for split in splits if split}
    if len(named) != 1:
        return _inside(words) if not named else (None, list(words), "")
    called = next(word for word, split in zip(words, splits, strict=True) if split)
    rest = [word for word, split in zip(words, splits, strict=True) if split is None]
    return named.pop(), rest, folded(called).replace(" ", "_")


def _inside(words: Sequence[str]) -> tuple[str | None, list[str], str]:
    """A split that stands inside a word, as ``训练集数据`` or ``medqaTrain`` has it."""
    for place, word in enumerate(words):
        parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\x00-\x7f]+|\d+", word)
        hit = [part for part in parts if split_of(part)] if len(parts) > 1 else []
        if not hit and not word.isascii():
            hit = [mark for mark in ("训练", "验证", "测试", "訓練", "検証", "훈련", "검증", "테스트") if mark in word]
        if len(hit) == 1:
            left = word.replace(hit[0], "").strip("集数据")
            rest = [*words[:place], *([left] if left else []), *words[place + 1 :]]
            return split_of(hit[0]) or "validation", rest, folded(hit[0])
    return None, list(words), ""


def _one_set(placed: Sequence[_Placed]) -> list[_Placed]:
    """Many files of one folder whose names say nothing of a split are pieces of one set."""
    groups: dict[tuple[Any, ...], list[_Placed]] = {}
    for item in placed:
        if item.split is None or item.by_folder:
            folder = PurePosixPath(item.entry.path).parent
            groups.setdefault((folder, item.split, item.entry.format), []).append(item)
    pieces = {item.entry.path for items in groups.values() if len(items) > MANY_PIECES for item in items}
    return [replace(item, rest="", piece=True) if item.entry.path in pieces else item for item in placed]


def _best_formats(placed: Sequence[_Placed]) -> list[_Placed]:
    """One format where files differ in nothing else."""
    best: dict[tuple[Any, ...], int] = {}
    for item in placed:
        key = (item.split, item.word, item.folders, item.rest)
        rank = RANK.index(item.entry.format)
        best[key] = min(rank, best.get(key, rank))
    return [
        item for item in placed if RANK.index(item.entry.format) == best[item.split, item.word, item.folders, item.rest]
    ]


def only(layout: Layout, config: str) -> Layout:
    """The layout with one configuration."""
    return replace(layout, configs={config: layout.configs[config]})
