"""All files that a card's `load` block names, split by split: what is mirrored, verified and fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loaders.plan import SplitPlan, plan
from registry.loadspec import FileRef, Join, Load, RowStep


def joins(steps: Sequence[RowStep]) -> Iterator[Join]:
    """The joins among row steps, those within joins included."""
    for word, argument in steps:
        if word == "join":
            yield argument
            yield from joins(argument.rows)


def plans(load: Load, config: str | None = None) -> Iterator[tuple[str | None, SplitPlan]]:
    """(configuration, plan) of every split; of one configuration where `config` names it.

    Raises:
        UnknownOption: no such configuration.
    """
    names: list[str | None] = [config] if config else [*load.configs] or [None]
    for name in names:
        for one in plan(load, name)[1].values():
            yield name, one


def files_of(one: SplitPlan) -> Iterator[FileRef]:
    """The files of a split and those that it joins."""
    yield from one.files
    for join in joins(one.rows):
        yield from join.files


def paths(load: Load) -> frozenset[str]:
    """All paths that a block names, in whatever configuration."""
    return frozenset(ref.path for _, one in plans(load) for ref in files_of(one))
