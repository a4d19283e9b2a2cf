"""A draft card: what the catalogue, a source's list of files and its README tell, and the recognised mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loaders import checksums
from loaders.recognise.guess import BELIEVED, Guess
from loaders.recognise.layout import format_and_container
from loaders.recognise.origins import Spot, readme_of
from registry.card import DatasetCard
from registry.errors import MedRegistryError
from registry.loadspec import Load
from registry.vocabulary import CONTAINER

LONGEST_SUMMARY = 400
MOST_FILES = 200


def draft(card: DatasetCard, spot: Spot, guess: Guess) -> dict[str, Any]:
    """The data of a card, in the order in which cards are written.

    Args:
        card: what is known of the dataset, as a card.
        spot: the place that was looked into.
        guess: what was recognised there.
    """
    whole = card.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"summary": card.summary}
    readme = readme_of(spot)
    summary = _first_words(readme)
    if summary and "known from" in whole["summary"]:
        whole["summary"] = summary
    whole["files"] = _files(spot, guess)
    whole["read_in"] = _read_in(spot, readme is not None)
    whole["unsure"] = [*card.unsure, *_unsure(guess)]
    if guess.load is not None:
        whole["load"] = plain_load(guess.load)
    return {name: whole[name] for name in DatasetCard.model_fields if name in whole}


def _first_words(readme: str | None) -> str | None:
    """The first paragraph of a README that is prose."""
    body = re.sub(r"\A\ufeff?---.*?\n---", "", readme or "", flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", body):
        text = " ".join(paragraph.split())
        if len(text) > 40 and not re.match(r"[#<\[!|`>*\-]", text):
            return text if len(text) <= LONGEST_SUMMARY else text[:LONGEST_SUMMARY].rsplit(" ", 1)[0] + " …"
    return None


def _read_in(spot: Spot, readme: bool) -> list[str]:
    at = f" at {spot.origin.revision}" if spot.origin.revision else ""
    place = "files in a folder" if spot.origin.files is not None else f"{spot.origin.source}{at}"
    return [f"{place}: the list of files{', README.md' if readme else ''}, the first rows"]


def _unsure(guess: Guess) -> list[str]:
    """Every guess with its confidence, for a person to confirm or mend."""
    told = []
    for config, confidence in guess.confidences.items():
        name = f"load, {config}" if len(guess.confidences) > 1 else "load"
        schema = guess.schema
        if guess.load is not None and guess.load.configs:
            one = guess.load.configs.get(config)
            schema = (one and one.schema_) or guess.load.schema_
        taken = "recognised by machine" if confidence >= BELIEVED else "no mapping was sure enough"
        told.append(f"{name}: {taken}, schema {schema}, confidence {confidence:.2f}; not looked at by a person")
    return [*told, *(f"load: {reason}" for reason in guess.why), *(f"load, unclear: {told}" for told in guess.unclear)]


def _files(spot: Spot, guess: Guess) -> list[dict[str, Any]]:
    """The files that the mapping reads, with what is known of each."""
    splits = _splits_of(guess.load)
    sizes = {file.path: file for file in spot.files if not isinstance(file, str)}
    files = []
    for path, names in list(splits.items())[:MOST_FILES]:
        form, container = format_and_container(path)
        remote = sizes.get(path)
        one: dict[str, Any] = {"path": path, "format": form or "other"}
        if container in CONTAINER:
            one["container"] = container
        one["splits"] = names
        one |= _facts(spot, path, remote)
        if path in guess.seen:
            one["columns"] = guess.seen[path]
        files.append(one)
    return files


def _facts(spot: Spot, path: str, remote: Any) -> dict[str, Any]:
    facts = {name: getattr(remote, name, None) for name in ("bytes", "sha256", "md5", "git_blob")}
    if facts["sha256"] is None and (spot.origin.files is not None or path in spot.at) and "*" not in path:
        try:
            here = spot.read(path)
            facts = {"bytes": here.stat().st_size, "sha256": checksums.sha256(here)}
        except (MedRegistryError, OSError):
            pass
    return {name: value for name, value in facts.items() if value is not None}


def _splits_of(load: Load | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if load is None:
        return found
    for splits in [load.splits, *(config.splits for config in load.configs.values())]:
        for name, split in splits.items():
            for ref in split.files:
                names = found.setdefault(ref.path, [])
                if name not in names:
                    names.append(name)
    return found


def plain_load(load: Load) -> dict[str, Any]:
    """A `load` block as people write it: a column by its name, a file by its path."""
    block: dict[str, Any] = load.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for part in [block, *block.get("configs", {}).values()]:
        _plain_fields(part)
        for name, split in part.get("splits", {}).items():
            _plain_fields(split)
            files = [ref["path"] if set(ref) == {"path"} else ref for ref in split["files"]]
            split["files"] = files[0] if len(files) == 1 else files
            part["splits"][name] = split["files"] if set(split) == {"files"} else split
    return block


def _plain_fields(part: dict[str, Any]) -> None:
    if "fields" in part:
        part["fields"] = {name: _plain(value) for name, value in part["fields"].items()}
    if part.get("group") is not None:
        part["group"] = _plain(part["group"])


def _plain(pipeline: Any) -> Any:
    """A pipeline in its shortest form."""
    if not isinstance(pipeline, list) or not pipeline:
        return pipeline
    head, *steps = pipeline
    if isinstance(head, Mapping) and set(head) == {"column"}:
        head = head["column"]
    elif isinstance(head, Mapping) and set(head) == {"coalesce"}:
        head = {"coalesce": [_plain(part) for part in head["coalesce"]]}
    written = [head, *(_plain_step(step) for step in steps)]
    return written[0] if len(written) == 1 else written


def _plain_step(step: Any) -> Any:
    if isinstance(step, Mapping) and set(step) == {"index_in"}:
        inner = step["index_in"]
        whole = inner["options"] if set(inner) == {"options"} else inner
        return {"index_in": _plain(whole) if whole is not inner else {**inner, "options": _plain(inner["options"])}}
    return step


def as_yaml(data: Mapping[str, Any]) -> str:
    """A card as YAML: letters as they are, keys in order, short lists on one line."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """The safe dumper, which writes a list of short words on one line."""

        def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
            short = all(isinstance(item, str | int | float | None) and len(str(item)) < 30 for item in sequence)
            return super().represent_sequence(tag, sequence, short and len(str(sequence)) < 110)

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(dict(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=118)
