"""What a card's `load` block means for one configuration: defaults and differences put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from registry.errors import UnknownOption
from registry.loadspec import FileRef, Load, Pipeline, Read, RowStep


@dataclass(frozen=True)
class SplitPlan:
    """How the files of one split become records."""

    name: str
    schema: str
    files: Sequence[FileRef]
    read: Read
    rows: Sequence[RowStep]
    fields: dict[str, Pipeline]
    group: Pipeline | None
    extra: list[str] | Literal["all", "none"]
    language: str | None
    count: int | None
    recipe: str | None


def plan(load: Load, config: str | None = None) -> tuple[str | None, dict[str, SplitPlan]]:
    """The plan of a configuration (the first where none is named): its name, and one plan for each split.

    A configuration's and a split's `fields` and `read` change single entries of what the block says; their `rows`,
    `group` and `extra` take the place of the block's.

    Raises:
        UnknownOption: no such configuration.
    """
    if config is not None and config not in load.configs:
        raise UnknownOption("config", config, list(load.configs) or ["(this dataset has none)"])
    name = config or next(iter(load.configs), None)
    chosen = load.configs[name] if name else None
    read = load.read.model_dump(by_alias=True, exclude_unset=True) | ((chosen and chosen.read) or {})
    fields = load.fields | ((chosen and chosen.fields) or {})
    rows: Sequence[RowStep] = chosen.rows if chosen and chosen.rows is not None else load.rows
    extra = chosen.extra if chosen and chosen.extra is not None else load.extra
    splits = chosen.splits if chosen else load.splits
    return name, {
        split_name: SplitPlan(
            name=split_name,
            schema=(chosen and chosen.schema_) or load.schema_,
            files=split.files,
            read=Read.model_validate(read | (split.read or {})),
            rows=split.rows if split.rows is not None else rows,
            fields=fields | (split.fields or {}),
            group=(chosen and chosen.group) or load.group,
            extra=split.extra if split.extra is not None else extra,
            language=split.language,
            count=split.count,
            recipe=load.recipe,
        )
        for split_name, split in splits.items()
    }
