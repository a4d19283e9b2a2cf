"""What the front matter of a Hub repository's README says: configurations, features, licence, languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LONGEST = 1 << 20
MOST_NAMES = 5_000


def front_matter(readme: str | None) -> dict[str, Any]:
    """The YAML between the first two ``---`` lines; empty where there is none, or none that can be read."""
    import yaml

    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", (readme or "")[:LONGEST], re.DOTALL)
    if not found or (re.search(r"(?m)[:\-\s]\*\w", found[1]) and "&" in found[1]):
        # Aliases can stand for billions of values, and no README needs them.
        return {}
    try:
        data = yaml.load(found[1], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def declared(matter: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The files of each configuration and split as the front matter declares them: patterns, as written."""
    configs: dict[str, dict[str, list[str]]] = {}
    entries = matter.get("configs")
    known = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    # The one that the README calls the default comes first.
    for entry in sorted(known, key=lambda entry: entry.get("default") is not True):
        if "data_files" not in entry:
            continue
        folder = str(entry.get("data_dir") or "").strip("/")
        above = f"{folder}/" if folder else ""
        splits = {
            name: [above + path.removeprefix("./") for path in paths]
            for name, paths in _splits(entry["data_files"]).items()
        }
        if splits:
            configs[str(entry.get("config_name") or "default")] = splits
    return configs


def _splits(value: Any) -> dict[str, list[str]]:
    if isinstance(value, dict) and "path" not in value:
        return {str(split): _paths(paths) for split, paths in value.items()}
    found: dict[str, list[str]] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            found.setdefault(str(item.get("split") or "train"), []).extend(_paths(item.get("path")))
        elif isinstance(item, str):
            found.setdefault("train", []).append(item)
    return {name: paths for name, paths in found.items() if paths}


def _paths(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item]


def class_names(features: Any) -> dict[str, list[str]]:
    """Column -> names of its classes in order, from features in any of the forms in which the Hub writes them.

    These are: a list of {name, dtype: {class_label: {names}}} in a README; {column: {_type: ClassLabel, names}} in a
    Parquet file or dataset_infos.json; a list of {name, type: {…}} from the viewer.
    """
    columns: dict[str, Any] = {}
    if isinstance(features, dict):
        columns = features
    elif isinstance(features, list):
        columns = {str(item["name"]): item for item in features if isinstance(item, dict) and "name" in item}
    found = {name: _classes(value, 0) for name, value in columns.items()}
    return {name: classes for name, classes in found.items() if classes}


def _classes(value: Any, depth: int) -> list[str] | None:
    if not isinstance(value, dict) or depth > 4:
        return None
    names: Any = None
    if "class_label" in value and isinstance(value["class_label"], dict):
        names = value["class_label"].get("names")
    elif value.get("_type") == "ClassLabel":
        names = value.get("names")
    if isinstance(names, dict):
        places = [str(place) for place in names]
        if places != [str(number) for number in range(len(places))]:
            return None
        names = list(names.values())
    if isinstance(names, list) and 0 < len(names) <= MOST_NAMES:
        return [str(name) for name in names]
    inner = ("dtype", "type", "feature", "sequence", "list")
    return next((found for word in inner if (found := _classes(value.get(word), depth + 1))), None)


def features_of(matter: Mapping[str, Any], config: str | None) -> Any:
    """The features that the front matter gives for a configuration; None where it gives none."""
    infos = matter.get("dataset_info")
    for info in infos if isinstance(infos, list) else [infos]:
        if isinstance(info, dict) and (config is None or str(info.get("config_name", "default")) == config):
            return info.get("features")
    return infos.get("features") if isinstance(infos, dict) else None


def counts_of(matter: Mapping[str, Any], config: str | None) -> dict[str, int]:
    """Split -> rows, as the front matter counts them."""
    infos = matter.get("dataset_info")
    for info in infos if isinstance(infos, list) else [infos]:
        if isinstance(info, dict) and (config is None or str(info.get("config_name", "default")) == config):
            splits = info.get("splits")
            return {
                str(split["name"]): split["num_examples"]
                for split in (splits if isinstance(splits, list) else [])
                if isinstance(split, dict) and "name" in split and isinstance(split.get("num_examples"), int)
            }
    return {}
