"""Hugging Face: searches for medical datasets, the places of known ones, and what uses them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from harvesters.http import Answer, Client, ItemFailed, Service, TooLarge
from harvesters.hub_items import NAME, dataset, kinds_with_more, linked_to_paper, listed, model, papers_naming, space
from harvesters.page import Memory, Page, Wish, in_parts, whose_turn
from harvesters.places import as_known, look_again
from harvesters.reading import Malformed, mapping, needed, sequence, text
from harvesters.walk import walk
from registry.harvest_log import Cursor, Failure
from registry.harvest_targets import KnownPlace
from registry.observation import Observation
from registry.settings import Settings

log = logging.getLogger(__name__)

TAGS = ("medical", "medicine", "clinical", "healthcare", "health", "biomedical", "radiology", "biology")
WORDS = (
    "medical", "medicine", "medqa", "clinical", "clinic", "biomed", "pubmed", "health", "hospital", "patient",
    "disease", "cancer", "tumor", "diagnos", "radiolog", "patholog", "dermat", "cardio", "ecg", "eeg", "xray",
    "x-ray", "chest", "mri", "mimic", "icd", "umls", "drug", "pharma", "nurs", "surg", "psych", "dental", "ophthal",
    "covid", "genom", "protein", "tcm", "medic", "medizin", "salud", "sante",
)  # fmt: skip
"""Parts of names: the Hub looks for them in the id of a repository."""
TASKS = (
    "question-answering", "multiple-choice", "text-generation", "summarization", "text-classification",
    "token-classification", "visual-question-answering", "image-classification", "image-segmentation", "translation",
)  # fmt: skip
"""Looked through for names with ``med``, which alone would find media and medium."""
SEARCHES = (
    *({"filter": tag} for tag in TAGS),
    *({"search": word} for word in WORDS),
    *({"search": "med", "filter": f"task_categories:{task}"} for task in TASKS),
)
PAGE = 500
"""Items of a page: a page costs one request, however long it is."""
SEARCH_PAGES = 20
"""Pages read of each search in one run; the next run goes on from there."""
USER_PAGES = 50
LETTERS = 6
"""Letters of a name from which papers are searched for it."""
SAID = {
    "datasets": (
        "author cardData createdAt description disabled downloads downloadsAllTime gated lastModified likes private "
        "sha tags usedStorage"
    ).split(),
    "models": "author createdAt disabled downloads lastModified likes pipeline_tag private tags".split(),
    "spaces": "author createdAt datasets disabled lastModified likes private sdk tags".split(),
}
"""Properties that are asked for in lists."""
_HUB_ID = re.compile("[0-9a-f]{24}")


def service(now: Settings) -> Service:
    """The Hub that the settings name. Files are counted apart from what is said about them."""
    return Service(
        NAME,
        now.hf_endpoint,
        now.hf_token,
        limit=lambda path: "resolvers" if "/resolve" in path else "api",
    )


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page."""

    def places() -> Iterator[Page]:
        yield from look_again(
            memory, wish, NAME, lambda place: _ask(client, place), lambda seen, place: _read(client, seen, place, wish)
        )

    parts = (
        lambda: _search(client, memory, wish),
        lambda: _papers(client, memory, wish),
        places,
        lambda: _users(client, memory, wish),
        lambda: _named_in_papers(client, memory, wish),
    )
    yield from in_parts(client, memory, wish, parts)


def _search(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    searches = {f"datasets:{urlencode(wanted, safe=':/')}": wanted for wanted in SEARCHES}
    for query in whose_turn(memory, wish, searches, nightly=True):
        yield from _list(client, memory, wish, query, "datasets", searches[query])


def _users(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """Models and spaces that declare a known dataset, and what else its owners publish, each in its turn."""
    after, owners = 0, set[str]()
    while some := memory.named_places(NAME, after):
        after = some[-1].id
        wanted: dict[str, tuple[str, dict[str, str]]] = {}
        for place in some:
            for name in _names(place):
                wanted[f"models:{name}"] = ("models", {"filter": f"dataset:{name}"})
            wanted[f"spaces:{place.locator}"] = ("spaces", {"datasets": place.locator})
            owner, slash, _ = place.locator.partition("/")
            if place.official and slash and owner not in owners:
                owners.add(owner)
                wanted[f"datasets:author={owner}"] = ("datasets", {"author": owner})
        for query in whose_turn(memory, wish, wanted):
            yield from _list(client, memory, wish, query, *wanted[query])


def _papers(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """What the Hub links to the papers that introduce known datasets: further datasets, models, spaces."""
    after = 0
    while some := memory.papers(after):
        after = some[-1].artifact_id
        wanted = {f"paper:{number}": number for paper in some for number in paper.ids.get("arxiv", ())}
        for query in whose_turn(memory, wish, wanted):
            number = wanted[query]
            wish.plans(1, query)
            try:
                answer = client.get(f"/api/papers/{quote(number, safe='')}")
                told = answer.data if answer.what == "take" else {}
                observations, failures = linked_to_paper(told, number, wish.now)
            except (ItemFailed, Malformed) as error:
                yield Page(failures=[Failure(query, str(error))])
                continue
            yield Page(observations, failures, [query], [Cursor(query)])
            for kind in kinds_with_more(told):
                # The page of a paper shows a few of many: the list has them all.
                yield from _list(client, memory, wish, f"{kind}:arxiv:{number}", kind, {"filter": f"arxiv:{number}"})


def _list(
    client: Client, memory: Memory, wish: Wish, query: str, kind: str, wanted: Mapping[str, str]
) -> Iterator[Page]:
    """What a list of datasets, models or spaces shows, those changed last first."""
    told = " and ".join(f"{name} {term!r}" for name, term in wanted.items())

    def read(item: Any) -> list[Observation]:
        if kind == "datasets":
            return listed(item, wish.now, f"found by {told} on Hugging Face")
        return (model if kind == "models" else space)(item, wish.now)

    pages = SEARCH_PAGES if kind == "datasets" else USER_PAGES
    yield from walk(client, memory, wish, query, _listing(kind, wanted), stamp="lastModified", read=read, pages=pages)


def _named_in_papers(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """Papers whose title or summary names a dataset that its owners keep at Hugging Face."""
    after = 0
    while some := memory.named_places(NAME, after):
        after = some[-1].id
        names = {f"papers:{place.locator}": place.locator for place in some if place.official}
        # A name of few letters is a word of other texts too.
        wanted = {query: place for query, place in names.items() if len(_short(place)) >= LETTERS}
        for query in whose_turn(memory, wish, wanted):
            place = wanted[query]
            wish.plans(1, query)
            try:
                data = client.get(f"/api/papers/search?{urlencode({'q': _short(place)})}").data
                observations, failures = papers_naming(data, _short(place), place, wish.now)
            except (ItemFailed, Malformed) as error:
                yield Page(failures=[Failure(query, str(error))])
                continue
            yield Page(observations, failures, [query], [Cursor(query)])


def _short(place: str) -> str:
    return place.rpartition("/")[2]


def _listing(kind: str, wanted: Mapping[str, str]) -> str:
    fields = [("expand", name) for name in SAID[kind]]
    query = [*wanted.items(), ("sort", "lastModified"), ("limit", str(PAGE)), *fields]
    return f"/api/{kind}?{urlencode(query, safe='/:')}"


def _names(place: KnownPlace) -> list[str]:
    """Names that models may declare: the one it has, and old ones, as authors do not follow renames."""
    return [place.locator, *(name for name in place.names if name != place.locator.lower())]


def _ask(client: Client, place: KnownPlace) -> Answer:
    path = f"/api/datasets/{quote(place.locator, safe='/')}"
    try:
        return client.get(f"{path}?blobs=true", place.etag)
    except TooLarge:
        return client.get(f"{path}?{urlencode([('expand', name) for name in SAID['datasets']])}")


def _read(client: Client, answer: Answer, place: KnownPlace, wish: Wish) -> list[Observation]:
    """What the description of a known place shows, with the text of its card. Raises `Malformed`."""
    native, known = needed(answer.data, "_id"), as_known(place, NAME, wish.now)
    if answer.data.get("disabled") is True:
        return [replace(known, status="gone", reason="disabled by the Hub", certain=True)]
    if answer.data.get("private") is True:
        return [replace(known, status="gone", reason="private")]
    etag = answer.headers.get("etag")
    if _HUB_ID.fullmatch(place.native_id) and native != place.native_id:
        # The name passed to another repository: what we knew is gone, and the other is a stranger.
        reason = f"{place.locator} is another repository now"
        return [replace(known, status="gone", reason=reason), listed(answer.data, wish.now, reason)[0]]
    if "siblings" not in answer.data:
        # Too many files for one answer: what is not told here stands as it was.
        return [dataset(answer.data, wish.now, asked=place.locator, complete=False)]
    if place.read_at and not wish.full and place.revision == answer.data.get("sha"):
        # No commit since: the text of the card is the one that is known.
        return [dataset(answer.data, wish.now, asked=place.locator, etag=etag, complete=False)]
    try:
        card = _card(client, answer.data)
    except ItemFailed as error:
        log.info("the card of %s cannot be read, what is known of it stays: %s", place.locator, error)
        return [dataset(answer.data, wish.now, asked=place.locator, complete=False)]
    return [dataset(answer.data, wish.now, asked=place.locator, etag=etag, card=card)]


def _card(client: Client, item: Mapping[str, Any]) -> str | None:
    """The text of the dataset card; None where there is none or it must be asked for."""
    name, revision = needed(item, "id"), text(item.get("sha")) or "main"
    if not any(mapping(one).get("rfilename") == "README.md" for one in sequence(item.get("siblings"))):
        return None
    answer = client.get(f"/datasets/{quote(name, safe='/')}/resolve/{quote(revision, safe='')}/README.md", as_text=True)
    return text(answer.data) if answer.what == "take" else None
