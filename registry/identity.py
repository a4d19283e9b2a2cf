"""Whether a place belongs to a dataset that is known: evidence is gathered, and on evidence alone it is decided.

Two places are one dataset because their files are the same, because the owners link it, or because a page asks the
paper that introduces the dataset to be cited for itself and has its name. A name alone decides nothing. A wrong merge
is far worse than a question, so whatever contradicts makes a question of it.

What a page says is read by `registry.identity_page`, looked up by `registry.identity_lookups`, and weighed by
`registry.identity_evidence`; what a name is worth is in `registry.identity_names`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from registry.identity_evidence import AGREES, DISTINCTIVE, FULL, Evidence, weigh
from registry.identity_lookups import look_up
from registry.identity_page import page_of
from registry.observation import Observation

__all__ = ["Belonging", "Evidence", "decide", "gather"]

STRONG = 0.7
"""Weight from which evidence says which dataset is meant."""
SCORES = {"owner-links": 0.7, "own-doi": 0.65, "own-paper": 0.6, "links": 0.45, "paper": 0.4, "name": 0.2}
"""How likely a dataset is meant where a kind of evidence at its full weight is the best there is."""
ASKED = 5
"""Questions about one place."""


class Belonging(NamedTuple):
    """What was decided about a place."""

    dataset_id: int | None
    """The dataset that lives there; None where that is not sure."""
    role: str
    """A word of `registry.vocabulary.ROLE`."""
    evidence: str
    confidence: float
    questions: tuple[tuple[int, str, float], ...]
    """(dataset, words, score) of those that a reviewer is to be asked about, likeliest first."""


def gather(
    connection: Connection,
    observations: Mapping[int, Observation],
    linked_from: Mapping[tuple[str, str], Sequence[int]] | None = None,
) -> dict[int, list[Evidence]]:
    """What the catalogue knows that speaks for each of `observations` being a place of a dataset.

    What the catalogue says of that very place, its datasets and its files, does not count.

    Args:
        connection: to read from; the number of queries does not grow with that of the observations of a page.
        observations: by any key. `ids`, `own_ids`, `touches`, `files`, `title` and the fields `card_text`,
            `description`, `languages` and `site` are read.
        linked_from: (provider, name in lower case) → sources whose pages link it, besides those of `source_link`.

    Returns:
        The evidence by the same keys; a key without any is left out.
    """
    if not observations:
        return {}
    pages = {at: page_of(one) for at, one in observations.items()}
    known = look_up(connection, pages.values(), linked_from or {})
    return {at: found for at, page in pages.items() if (found := weigh(page, known))}


def decide(evidence: Sequence[Evidence]) -> Belonging:
    """Attach a place to the one dataset whose evidence is enough, or ask; see the rules in `_attached`."""
    by_dataset: dict[int, dict[str, Evidence]] = defaultdict(dict)
    for one in evidence:
        best = by_dataset[one.dataset_id].get(one.kind)
        if best is None or best.weight < one.weight:
            by_dataset[one.dataset_id][one.kind] = one
    enough = {dataset: found for dataset, kinds in by_dataset.items() if (found := _attached(kinds))}
    strong = {one.dataset_id for one in evidence if one.kind not in ("name", "links", "paper") and one.weight >= STRONG}
    questions = _questions(by_dataset, enough)
    if len(enough) == 1 and strong <= set(enough):
        [(dataset, (role, confidence))] = enough.items()
        others = tuple(one for one in questions if one[0] != dataset)
        return Belonging(dataset, role, _words(by_dataset[dataset]), confidence, others)
    return Belonging(None, "unknown", "", 0.0, questions)


def _attached(kinds: Mapping[str, Evidence]) -> tuple[str, float] | None:
    """Role and how sure, where this evidence is enough by itself."""
    weight = {kind: one.weight for kind, one in kinds.items()}
    named = weight.get("name", 0) >= AGREES
    own = max(weight.get("own-paper", 0), weight.get("own-doi", 0)) >= STRONG
    if weight.get("checksum", 0) >= STRONG:
        return "mirror", 0.97
    if weight.get("owner-links", 0) >= STRONG and (named or own):
        # That the owners link a place of the name does not say that it is theirs: it may be a copy by their users.
        return "unknown", 0.95
    if own and named:
        return "unknown", 0.9
    if weight.get("links", 0) >= FULL["links"] and weight.get("name", 0) >= DISTINCTIVE:
        return "unknown", 0.8
    return None


def _questions(
    by_dataset: Mapping[int, Mapping[str, Evidence]], enough: Mapping[int, tuple[str, float]]
) -> tuple[tuple[int, str, float], ...]:
    scored = []
    for dataset, kinds in by_dataset.items():
        score = max(_score(one) for one in kinds.values())
        if "name" in kinds and len(kinds) > 1:
            score += 0.15 if kinds["name"].weight >= AGREES else -0.1
        score = enough[dataset][1] if dataset in enough else max(score, 0.0)
        scored.append((dataset, _words(kinds), round(score, 2)))
    asked = sorted((one for one in scored if one[2] >= SCORES["name"]), key=lambda one: (-one[2], one[0]))
    # A page that links many datasets, and is none of them, is a list.
    return tuple(asked[:ASKED]) if len(asked) <= ASKED or asked[0][2] > SCORES["paper"] else ()


def _score(one: Evidence) -> float:
    """How likely the dataset is meant where there is nothing but `one`."""
    if one.kind == "checksum":
        return min(0.9, 0.4 + one.weight / 2)
    full = DISTINCTIVE if one.kind == "name" else FULL[one.kind]
    return SCORES[one.kind] * min(one.weight / full, 1)


def _words(kinds: Mapping[str, Evidence]) -> str:
    """All reasons, the most telling first."""
    return "; ".join(one.words for one in sorted(kinds.values(), key=lambda one: (-_score(one), one.kind)))
