"""What an observation of a place says that can be looked up, to find the dataset which lives there."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from registry.identity_names import Run, runs
from registry.ingest_touches import PAPERS, paper
from registry.mentions import addresses, cited_title
from registry.observation import Observation
from registry.places import key_of_address

Pair = tuple[str, str]
"""(provider, name in lower case) of a place, or (scheme, id) of a paper."""

ADDRESSES = 20
"""Addresses at the beginning of a page that may be those of its own home."""
LONG_TITLE = 20
"""Letters from which the title of a paper is nobody else's."""
SMALLEST = 1_024
"""Bytes below which a file that is the same says nothing."""
OF_DOI = ("doi", "dataverse", "figshare", "zenodo", "physionet")
"""Providers whose places may be named by DOI."""

_NO_DATA = re.compile(
    r"(?:.*/)?(?:\.git\w*|\.ds_store|readme[^/]*|licen[cs]e[^/]*|dataset_infos?\.json)", re.IGNORECASE
)


class Page(NamedTuple):
    """A place as its page tells of it."""

    one: Observation
    place: Pair
    links: frozenset[Pair]
    """Places that it links, without itself and what it is made from."""
    made_from: frozenset[Pair]
    """Places of which it says that it is made from them."""
    own: frozenset[Pair]
    """Papers, and DOIs of data, that it asks to be cited for itself."""
    papers: frozenset[Pair]
    """Further papers that it names."""
    title: str
    """Title of the work that it asks to be cited; empty where there is none or it is short."""
    cites: bool
    """Whether it asks for any citation."""
    names: dict[str, list[Run]]
    """Squeezed → the words of its name and title that may be the name of a dataset."""
    files: frozenset[str]
    """SHA-256 of its files of data."""

    @property
    def asks(self) -> set[Pair]:
        """The places to look up: itself, those that it links or is made from, those of the DOIs that are its own."""
        dois = {(provider, value) for scheme, value in self.own if scheme == "doi" for provider in OF_DOI}
        return {self.place, *self.links, *self.made_from, *dois}


def page_of(one: Observation) -> Page:
    """Read an observation of a place."""
    place = (one.provider, one.locator.lower())
    text = str(one.fields.get("card_text") or "")
    touched = [touch for touch in one.touches if touch.scheme not in PAPERS]
    made_from = {(t.scheme, t.value.lower()) for t in touched if t.relation == "builds-on"}
    links = {(t.scheme, t.value.lower()) for t in touched} - made_from - {place}
    pages = [str(one.fields.get("site") or ""), *islice(addresses(text), ADDRESSES)]
    links |= {found for page in pages if (found := key_of_address(page))}
    own = {paper(*pair) for pair in one.own_ids}
    named = [*one.ids, *((t.scheme, t.value) for t in one.touches)]
    cited = cited_title(text) or ""
    return Page(
        one=one,
        place=place,
        links=frozenset(links),
        made_from=frozenset(made_from),
        own=frozenset(own),
        papers=frozenset({paper(*pair) for pair in named if pair[0] in PAPERS} - own),
        title=cited if len(cited) >= LONG_TITLE else "",
        cites=bool(own or cited),
        names=runs(one),
        files=_files(one),
    )


def _files(one: Observation) -> frozenset[str]:
    return frozenset(
        file.sha256
        for file in one.files or ()
        if file.sha256 and (file.bytes is None or file.bytes >= SMALLEST) and not _NO_DATA.fullmatch(file.path)
    )
