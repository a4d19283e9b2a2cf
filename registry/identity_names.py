"""What the name of a place is worth: where a dataset's name stands in it, and what beside it says otherwise.

The words are data (`identity_words.yaml`); the rule is here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from registry.names import fold
from registry.observation import Observation
from registry.yamlio import load_yaml

WORDS = Path(__file__).with_name("identity_words.yaml")
LETTERS, MOST_WORDS = 200, 12
"""Letters and words that are read of a name or title."""
SHORT = 3
"""Letters up to which a name counts only as it is written."""
LEAD = 1_500
"""Characters of a card in which it says what it is about; of all that is said, twice as many are read."""

_MADE_OF = re.compile(
    r"translated (?:version|from|into)|(?:machine|automatically|auto)[- ]translated|translation of"
    r"|(?:subset|part) of the (?:original|full)|filtered (?:version|from)|augmented (?:version|with)"
    r"|adapt(?:ed|ation) (?:of|from)|derived from|distilled|were dropped"
    r"|(?:cleaned|processed|preprocessed|tokeni[sz]ed|extended|modified|synthetic|smaller) version"
)
"""How a description says that it is about something made of another dataset."""


class Words(NamedTuple):
    """What stands in `WORDS`."""

    harmless: frozenset[str]
    generic: frozenset[str]
    """Harmless ones among them."""
    twists: frozenset[str]


class Run(NamedTuple):
    """Words that follow each other in the name or title of a place."""

    raw: str
    """The whole name or title as it is written."""
    beside: tuple[str, ...]
    """Its other words."""
    is_title: bool


@lru_cache(maxsize=1)
def words() -> Words:
    """What stands in `WORDS`. Raises `CardError` where the file is broken."""
    told = {name: frozenset(some.split()) for name, some in load_yaml(WORDS).items()}
    return Words(told["harmless"], told["generic"] | told["harmless"], told["twists"])


def repository(one: Observation) -> str:
    """The name of a place without that of its owner."""
    return one.locator.rpartition("/")[2]


def runs(one: Observation) -> dict[str, list[Run]]:
    """Squeezed → how it stands there: all runs of words in the name and the title of a place."""
    found: dict[str, list[Run]] = defaultdict(list)
    title = repository(one) if one.title == one.locator else one.title or ""
    for raw, is_title in ((repository(one), False), (title, True)):
        parts = fold(raw[:LETTERS]).split()[:MOST_WORDS]
        for start in range(len(parts)):
            for end in range(start + 1, len(parts) + 1):
                beside = (*parts[:start], *parts[end:])
                found["".join(parts[start:end])].append(Run(raw, beside, is_title))
    return dict(found)


def is_generic(name: str) -> bool:
    """Whether a dataset's name is made of words that anybody uses."""
    return {*fold(name).split()} <= words().generic


def meant(squeezed: str, written: str, some: Iterable[Run], title: str | None) -> list[Run]:
    """Those of `some` that may mean a dataset whose name is `written`: a short one counts only as it is written."""
    long = len(squeezed) > SHORT
    return [run for run in some if long or written in (run.raw, title)]


def twist(some: Sequence[Run], one: Observation, others: Collection[int]) -> str | None:
    """What stands beside a dataset's name and makes it the name of something else; None where it agrees.

    The name of the repository counts before the title, which is often left as it was where a page is copied.

    Args:
        some: where the dataset's name stands.
        one: the place.
        others: further datasets that the name of its repository may mean.
    """
    beside = [[word for word in run.beside if word not in words().harmless] for run in some if not run.is_title]
    if beside:
        least = min(beside, key=len)
        return f"with {' '.join(least)!r}" if least else None
    around = [*fold(repository(one)).split(), *min((run.beside for run in some), key=len)]
    if twists := [word for word in around if word in words().twists]:
        return f"with {' '.join(dict.fromkeys(twists))!r}"
    return "its name is that of another dataset" if others else None


def made_of_another(one: Observation) -> str | None:
    """The words by which a place says that it was made of another dataset."""
    text = str(one.fields.get("card_text") or "")
    about = f"{one.title or ''} {one.fields.get('description') or ''} {text[:LEAD]}"[: 2 * LEAD]
    found = _MADE_OF.search(about.lower())
    return found[0] if found else None
