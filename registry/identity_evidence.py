"""What speaks for a place being one of a known dataset: kinds of evidence, and how much each weighs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from registry.identity_lookups import Known
from registry.identity_names import Run, made_of_another, meant, twist
from registry.identity_page import OF_DOI, Page
from registry.ingest_touches import Home
from registry.names import fold

FULL = {"owner-links": 0.8, "own-doi": 0.8, "own-paper": 0.8, "links": 0.6, "paper": 0.5}
"""Weights of evidence that means one dataset alone, by kind."""
WEAK = 0.3
"""Weight of evidence that means one of several datasets."""
DISTINCTIVE, AGREES, TWISTED = 0.6, 0.5, 0.2
"""Weights of a name that nothing else has, of one that agrees, and of one that is contradicted."""
LETTERS = 6
"""Letters from which a name is distinctive."""
SHARE = 0.5
"""Share of the files of a place that have to be a dataset's, to weigh as if all were."""
COLLECTION = 10
"""A paper or place of more datasets than this is a collection and says nothing about one of them."""
SHOWN = {"arxiv": "arXiv", "doi": "DOI", "openalex": "OpenAlex"}


class Evidence(NamedTuple):
    """One reason to think that a place belongs to a dataset."""

    dataset_id: int
    kind: str
    """``checksum``, ``own-doi``, ``owner-links``, ``own-paper``, ``paper``, ``links`` or ``name``."""
    words: str
    weight: float
    """0 to 1, to be compared within a kind."""


def weigh(page: Page, known: Known) -> list[Evidence]:
    """All evidence about a place; what is known of that very place, its datasets and its files, does not count."""
    found = [*_same_files(page, known), *_linked_by_owners(page, known), *_own(page, known)]
    own = {one.dataset_id for one in found if one.kind in ("own-paper", "own-doi")}
    return [*found, *_papers(page, known), *_links(page, known), *_name(page, known, own)]


def _same_files(page: Page, known: Known) -> Iterator[Evidence]:
    """A file that several datasets have says nothing."""
    here = known.sources.get(page.place)
    shared: dict[int, int] = defaultdict(int)
    for sha256 in page.files:
        owners = {dataset for dataset, source in known.by_file.get(sha256, ()) if source is None or source != here}
        if len(owners) == 1:
            shared[owners.pop()] += 1
    for dataset, count in shared.items():
        share = count / len(page.files)
        words = f"{count} of its {len(page.files)} files of data are those of {known.names[dataset]} by SHA-256"
        yield Evidence(dataset, "checksum", words, round(1.0 if share >= SHARE else share, 2))


def _linked_by_owners(page: Page, known: Known) -> Iterator[Evidence]:
    here = known.sources.get(page.place)
    for source in sorted(known.linking.get(page.place, ())):
        some = known.homes.get(source, ()) if source != here else ()
        for home in _few(some):
            if home.role == "official":
                words = f"an official place of {known.names[home.dataset_id]} links it"
                yield _of("owner-links", home, some, words)


def _own(page: Page, known: Known) -> Iterator[Evidence]:
    """The page asks a paper to be cited for itself that introduces a dataset, or the DOI of a dataset."""
    for scheme, value in sorted(page.own):
        lead = f"cites {SHOWN[scheme]} {value} for itself, the paper that introduces"
        yield from _cited("own-paper", lead, known.by_paper.get((scheme, value), ()), known)
    lead = "cites for itself, by its title, the paper that introduces"
    yield from _cited("own-paper", lead, known.by_title.get(fold(page.title), ()), known)
    for pair, some in known.at(page.asks).items():
        if pair[0] in OF_DOI and ("doi", pair[1]) in page.own:
            yield from _cited("own-doi", f"cites DOI {pair[1]} for itself, that of", some, known)


def _cited(kind: str, lead: str, some: Sequence[Home], known: Known) -> Iterator[Evidence]:
    for home in _few(some):
        yield _of(kind, home, some, f"{lead} {known.names[home.dataset_id]}{_among(some)}")


def _papers(page: Page, known: Known) -> Iterator[Evidence]:
    """Papers that the page names anywhere."""
    for scheme, value in sorted(page.papers):
        some = known.by_paper.get((scheme, value), ())
        lead = f"names {SHOWN[scheme]} {value}, the paper that introduces"
        yield from _cited("paper", lead, some, known)


def _links(page: Page, known: Known) -> Iterator[Evidence]:
    """Places that the page links: all of them have to mean one dataset; what it is made from is another one."""
    linked = known.at(page.links)
    alone = len({home.dataset_id for some in linked.values() for home in some}) == 1
    for (_, name), some in linked.items():
        for home in _few(some):
            words = f"links {name}, a place of {known.names[home.dataset_id]}{_among(some)}"
            yield Evidence(home.dataset_id, "links", words, FULL["links"] if alone else WEAK)
    for some in known.at(page.made_from).values():
        for home in _few(some):
            yield Evidence(home.dataset_id, "links", f"says it is made from {known.names[home.dataset_id]}", WEAK)


def _name(page: Page, known: Known, own: Iterable[int]) -> Iterator[Evidence]:
    """The name of the place and its title, and what contradicts them.

    `own` are the datasets of the papers and DOIs that the page asks to be cited for itself.
    """
    matches: dict[int, list[tuple[str, Run]]] = defaultdict(list)
    for squeezed, some in page.names.items():
        for one in known.by_name.get(squeezed, ()):
            if agreeing := meant(squeezed, one.written, some, page.one.title):
                matches[one.dataset_id] += [(squeezed, run) for run in agreeing]
    in_repository = {dataset for dataset, found in matches.items() if any(not run.is_title for _, run in found)}
    for dataset, found in matches.items():
        against = twist([run for _, run in found], page.one, in_repository - {dataset})
        against = against or _against(page, known, dataset, own)
        longest = max((squeezed for squeezed, _ in found), key=len)
        only = len(known.by_name[longest]) == 1 and len(longest) >= LETTERS
        weight = TWISTED if against else DISTINCTIVE if only else AGREES
        words = f"is called as {known.names[dataset]}" + (f", but {against}" if against else "")
        yield Evidence(dataset, "name", words, weight)


def _against(page: Page, known: Known, dataset: int, own: Iterable[int]) -> str | None:
    """What a page of the name of `dataset` says that makes it another one; None where nothing does."""
    said = {str(one) for one in page.one.fields.get("languages") or ()}
    spoken = {*known.languages.get(dataset, ())}
    if said and spoken and not said & spoken:
        return f"is in {', '.join(sorted(said))}"
    if any(home.dataset_id == dataset for some in known.at(page.made_from).values() for home in some):
        return "says that it is made from it"
    if page.cites and dataset not in own:
        return "cites another paper for itself"
    made = made_of_another(page.one)
    return f"says {made!r}" if made else None


def _few(some: Sequence[Home]) -> Sequence[Home]:
    """`some`, or nothing where they are a collection."""
    return some if len(some) <= COLLECTION else ()


def _of(kind: str, home: Home, some: Sequence[Home], words: str) -> Evidence:
    return Evidence(home.dataset_id, kind, words, FULL[kind] if len(some) == 1 else WEAK)


def _among(some: Sequence[Home]) -> str:
    return f" and {len(some) - 1} more" if len(some) > 1 else ""
