"""How the terms of a licence expression follow from those of its licences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from registry.licence_table import NOT_KNOWN, Known, Terms


class Part(NamedTuple):
    """One licence of an expression."""

    id: str
    """The SPDX id, or the words that were not recognised; empty when nothing is stated."""
    known: Known | None = None
    """``None`` when the licence is not known."""
    of: str | None = None
    """The dataset that it comes from, where that is not the one in question."""

    @property
    def terms(self) -> Terms:
        """All unknown where the licence is."""
        return self.known.terms if self.known else NOT_KNOWN

    @property
    def research(self) -> bool | None:
        """Whether research may use it; every licence that is clear on commercial use allows it, unless it says else."""
        if self.known is None or self.known.research is not None:
            return self.known and self.known.research
        return True if self.terms.commercial is not None or self.terms.agreement else None

    def __str__(self) -> str:
        return f"{self.id} (of {self.of})" if self.of else self.id


class Either(NamedTuple):
    """The user's choice of one."""

    options: tuple[Node, ...]


class All(NamedTuple):
    """All of them hold together."""

    members: tuple[Node, ...]


Node = Part | Either | All


def all_of(nodes: Sequence[Node]) -> Node:
    """`nodes` holding together; nothing stated when there are none."""
    flat = [member for node in nodes for member in (node.members if isinstance(node, All) else (node,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat)) if flat else Part("")


def named(node: Node, of: str | None) -> Node:
    """`node` with `of` as the dataset of those of its licences that have none."""
    if of is None:
        return node
    if isinstance(node, Part):
        return node if node.of else node._replace(of=of)
    return type(node)(tuple(named(child, of) for child in node[0]))


def leaves(node: Node) -> list[Part]:
    """The licences of a tree, from left to right."""
    return [node] if isinstance(node, Part) else [part for child in node[0] for part in leaves(child)]


def choices(node: Node) -> dict[Terms, tuple[Part, ...]]:
    """Every set of terms that one may choose, with the licences it comes from.

    Keyed by the terms, of which there are few, so that a long expression does not grow without bound.
    """
    if isinstance(node, Part):
        return {node.terms: (node,)}
    if isinstance(node, Either):
        return {terms: parts for option in reversed(node.options) for terms, parts in choices(option).items()}
    together: dict[Terms, tuple[Part, ...]] = {}
    for number, member in enumerate(node.members):
        options = choices(member)
        if number == 0:
            together = options
            continue
        joined: dict[Terms, tuple[Part, ...]] = {}
        for terms, parts in together.items():
            for other, more in options.items():
                joined.setdefault(_strictest(terms, other), parts + more)
        together = joined
    return together


def every(values: Iterable[bool | None]) -> bool | None:
    """Three-valued "and": one that is false decides, else one that is not known leaves it open."""
    seen = set(values)
    return False if False in seen else None if None in seen or not seen else True


def _any(*values: bool | None) -> bool | None:
    return True if True in values else None if None in values else False


def _strictest(one: Terms, other: Terms) -> Terms:
    return Terms(
        commercial=every((one.commercial, other.commercial)),
        attribution=_any(one.attribution, other.attribution),
        share_alike=_any(one.share_alike, other.share_alike),
        derivatives=every((one.derivatives, other.derivatives)),
        agreement=_any(one.agreement, other.agreement),
    )


def freedom(terms: Terms) -> tuple[int, ...]:
    """Sorts terms by how much they let one do, commercial use first, then changed versions."""
    allowed, required = {True: 2, None: 1, False: 0}, {False: 2, None: 1, True: 0}
    return (
        allowed[terms.commercial],
        allowed[terms.derivatives],
        required[terms.agreement],
        required[terms.share_alike],
        required[terms.attribution],
    )
