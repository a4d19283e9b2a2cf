"""Whether a place belongs to a dataset that is known: evidence is gathered, and on evidence alone it is decided.

Two places are one dataset because their files are the same, because the owners link it, or because a page asks the
paper that introduces the dataset to be cited for itself and has its name. A name alone decides nothing. A wrong merge
is far worse than a question, so whatever contradicts makes a question of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from registry.card import Place
from registry.ingest_touches import PAPERS, Home, introduced, names_of, paper
from registry.mentions import addresses, mentions
from registry.names import fold
from registry.observation import File, Observation
from registry.places import key, known
from registry.standing import chunks, select_in, table
from registry.tables import (
    Artifact,
    Dataset,
    DatasetAlias,
    DatasetFile,
    DatasetSource,
    DatasetTerm,
    Link,
    SourceLink,
)  # fmt: skip
from registry.vocabulary import STANDING

COLLECTION = 10
"""A paper or place of more datasets than this is a collection and says nothing about one of them."""
ASKED = 5
"""Questions about one place."""
STRONG, AGREES, DISTINCTIVE = 0.7, 0.5, 0.6
"""Weights from which evidence says which dataset is meant, a name agrees, and a name is one that nothing else has."""
WEAK, TWISTED = 0.3, 0.2
"""Weights of what means one of several datasets, and of a name that is contradicted."""
SHARE = 0.5
"""Share of the files of a place that have to be a dataset's."""
LONG_TITLE, START = 20, 6
"""Letters from which the title of a paper is nobody else's, and those at its start by which it is looked up."""
SHORT, LETTERS, WORDS = 3, 6, 12
"""Letters up to which a name counts only as it is written, and from which it is distinctive; words read of a name."""
OF_DOI = ("doi", "dataverse", "figshare", "zenodo", "physionet")
"""Providers whose places may be named by DOI."""
SHOWN = {"arxiv": "arXiv", "doi": "DOI", "openalex": "OpenAlex"}
ADDRESSES = 20
"""Addresses at the beginning of a page that may be those of its own home."""
SMALLEST = 1_024
"""Bytes below which a file that is the same says nothing."""
SCORES = {"owner-links": 0.7, "own-doi": 0.65, "own-paper": 0.6, "links": 0.45, "paper": 0.4, "name": 0.2}
"""How likely a dataset is meant where a kind of evidence at its full weight is the best there is."""
FULL = {"owner-links": 0.8, "own-doi": 0.8, "own-paper": 0.8, "links": 0.6, "paper": 0.5, "name": 0.6}

_NO_DATA = re.compile(
    r"(?:.*/)?(?:\.git\w*|\.ds_store|readme[^/]*|licen[cs]e[^/]*|dataset_infos?\.json)", re.IGNORECASE
)
_MADE_OF = re.compile(
    r"translated (?:version|from|into)|(?:machine|automatically|auto)[- ]translated|translation of"
    r"|(?:subset|part) of the (?:original|full)|filtered (?:version|from)|augmented (?:version|with)"
    r"|adapt(?:ed|ation) (?:of|from)|derived from|distilled|were dropped"
    r"|(?:cleaned|processed|preprocessed|tokeni[sz]ed|extended|modified|synthetic|smaller) version",
    re.IGNORECASE,
)
"""How a description says that it is about something made of another dataset."""
_LEAD = 1_500
"""Characters of a description in which it says what it is."""
_HARMLESS = frozenset("a bench benchmark corpus data database dataset datasets for full hf huggingface main of official"
                      " original public raw release repo the".split())  # fmt: skip
_GENERIC = _HARMLESS | frozenset(
    "19 abstracts and answer answering articles biomedical brain breast cancer cardiac chest classification clinical"
    " corona coronavirus covid covid19 ct dental dermatology detection dialogue disease diseases drug ehr fundus gene"
    " health healthcare heart image images imaging in instruct instruction kidney language lesion liver lung medical"
    " medicine mental mri named ner nlp notes ocular oct pathology patient patients pneumonia pubmed qa question"
    " questions ray rays recognition reports retina retinal scans segmentation set skin summarization task test text"
    " trial trials tumor ultrasound vision visual vqa wikipedia x xray".split()
)
_TWISTS = frozenset(
    "adaptation adapted adversarial alpaca ar arabic aug augmented autotrain balanced bengali binary bn chatml"
    " chinese chunked chunks claude clean cleaned combined conversations cot cs czech de dedup deduplicated deepseek"
    " demo dev distill distilled dpo dutch el embedded embedding embeddings es eval extended fa farsi filtered finetune"
    " finetuning fr french gemma gen generated german gpt gpt4 gpt4o greek grpo hard hebrew hi hindi hu hungarian"
    " indonesian instruct instructions it italian ja japanese ko korean lite llama lora merged mini mistral mix nl"
    " paraphrased persian pl plus polish portuguese preference processed preprocessed pro pt qrels queries"
    " qwen rag reasoning redux retrieval rlhf ro romanian ru russian sample sampled sft sharegpt shuffled small spanish"
    " split splits splitted subset sv swedish synthetic te telugu test th thai think thinking tiny tok tokenised"
    " tokenized tr train translated translation tts turkish uk ukrainian ur urdu val valid verified vi"
    " vietnamese zh".split()
)


class Evidence(NamedTuple):
    """One reason to think that a place belongs to a dataset."""

    dataset_id: int
    kind: str
    """``checksum``, ``own-doi``, ``owner-links``, ``own-paper``, ``paper``, ``links`` or ``name``."""
    words: str
    weight: float
    """0 to 1, to be compared within a kind."""


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
        return "official", 0.95
    if own and named:
        return "unknown", 0.9
    if weight.get("links", 0) >= DISTINCTIVE and weight.get("name", 0) >= DISTINCTIVE:
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
    if one.kind == "checksum":
        return min(0.9, 0.4 + one.weight / 2)
    return SCORES[one.kind] * min(one.weight / FULL[one.kind], 1)


def _words(kinds: Mapping[str, Evidence]) -> str:
    return "; ".join(one.words for one in sorted(kinds.values(), key=lambda one: (-_score(one), one.kind)))


class _Page:
    """What an observation says that can be looked up."""

    def __init__(self, one: Observation) -> None:
        self.one = one
        self.place = (one.provider, one.locator.lower())
        links = [touch for touch in one.touches if touch.scheme not in PAPERS]
        self.made_from = {(t.scheme, t.value.lower()) for t in links if t.relation == "builds-on"}
        self.links = {(t.scheme, t.value.lower()) for t in links} - self.made_from - {self.place}
        text = str(one.fields.get("card_text") or "")
        pages = [str(one.fields.get("site") or ""), *islice(addresses(text), ADDRESSES)]
        self.links |= {key(Place(provider="web", url=page)) for page in pages if page}
        self.own = {paper(*pair) for pair in one.own_ids}
        papers = [*one.ids, *((t.scheme, t.value) for t in one.touches)]
        self.papers = {paper(*pair) for pair in papers if pair[0] in PAPERS} - self.own
        cited = mentions(text).title if text else None
        self.title = cited if cited and len(cited) >= LONG_TITLE else ""
        self.cites = bool(self.own or cited)
        self.about = f"{one.title or ''} {one.fields.get('description') or ''} {text[:_LEAD]}"[: 2 * _LEAD]
        self.names = _names(one)


class _Name(NamedTuple):
    """Words of the name or title of a place that may be the name of a dataset."""

    raw: str
    beside: tuple[str, ...]
    """The words beside them."""
    is_title: bool


def _names(one: Observation) -> dict[str, list[_Name]]:
    """Squeezed → how it stands there: all runs of words in the name and the title of a place."""
    found: dict[str, list[_Name]] = defaultdict(list)
    repository = one.locator.rpartition("/")[2]
    title = repository if one.title == one.locator else one.title or ""
    for raw, is_title in ((repository, False), (title, True)):
        words = fold(raw[:200]).split()[:WORDS]
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                beside = (*words[:start], *words[end:])
                found["".join(words[start:end])].append(_Name(raw, beside, is_title))
    return found


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
    pages = {at: _Page(one) for at, one in observations.items()}
    found: dict[int, list[Evidence]] = {at: [] for at in pages}
    if not pages:
        return {}
    sources = known(connection, {pair for page in pages.values() for pair in _places(page)})
    linking = _linking(connection, pages.values(), linked_from or {})
    homes = _living(connection, {*sources.values(), *(source for some in linking.values() for source in some)})
    by_paper = introduced(connection, {pair for page in pages.values() for pair in (*page.own, *page.papers)})
    by_title = _by_title(connection, {page.title for page in pages.values() if page.title})
    by_name = _by_name(connection, {name for page in pages.values() for name in page.names})
    by_file = _by_file(connection, {file.sha256 for page in pages.values() for file in _data(page.one)})
    homes_lists = [*homes.values(), *by_paper.values(), *by_title.values(), *by_name.values()]
    datasets = {home.dataset_id for some in homes_lists for home in some}
    datasets |= {dataset for some in by_file.values() for dataset, _ in some}
    called, speaks = names_of(connection, datasets), _languages(connection, datasets)
    for at, page in pages.items():
        mine, here = found[at], sources.get(page.place)
        at_place = {pair: homes.get(sources[pair], []) for pair in _places(page) if pair in sources}
        mine += _same_files(page, here, by_file, called)
        mine += _linked_by_owners([s for s in linking.get(page.place, ()) if s != here], homes, called)
        mine += _own(page, by_paper, by_title, at_place, called)
        mine += _named(page, by_paper, at_place, called)
        mine += _name(page, by_name, at_place, mine, called, speaks)
    return {at: some for at, some in found.items() if some}


def _places(page: _Page) -> set[tuple[str, str]]:
    """The places that a page links, is made from, or cites as its own by DOI, and the place itself."""
    dois = {(provider, value) for scheme, value in page.own if scheme == "doi" for provider in OF_DOI}
    return {page.place, *page.links, *page.made_from, *dois}


def _data(one: Observation) -> list[File]:
    """The files that hold data and whose content is known."""
    return [
        file
        for file in one.files or ()
        if file.sha256 and not _NO_DATA.fullmatch(file.path) and (file.bytes is None or file.bytes >= SMALLEST)
    ]


def _curated_first(homes: Iterable[Home]) -> list[Home]:
    """Each dataset once; where one has a card, entries of public lists are doubles of it."""
    some = list({home.dataset_id: home for home in homes}.values())
    best = min((STANDING.index(home.standing) for home in some), default=0)
    return [home for home in some if STANDING.index(home.standing) == best] if best == 0 else some


def _linking(
    connection: Connection, pages: Iterable[_Page], more: Mapping[tuple[str, str], Sequence[int]]
) -> dict[tuple[str, str], set[int]]:
    """Place → the sources whose pages link it."""
    links = table(SourceLink)
    wanted = {page.place for page in pages}
    found: dict[tuple[str, str], set[int]] = {pair: set(more.get(pair, ())) for pair in wanted}
    for row in select_in(connection, links, links.c.value, {name for _, name in wanted}):
        if (row["scheme"], row["value"]) in found:
            found[row["scheme"], row["value"]].add(row["source_id"])
    return found


def _living(connection: Connection, source_ids: Iterable[int]) -> dict[int, list[Home]]:
    """Source → the datasets that live there."""
    joined, datasets = table(DatasetSource), table(Dataset)
    found: dict[int, list[Home]] = defaultdict(list)
    for part in chunks(source_ids):
        rows = connection.execute(
            select(joined.c.source_id, joined.c.role, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(datasets, datasets.c.id == joined.c.dataset_id)
            .where(joined.c.source_id.in_(part), joined.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            # Several voices tell of one place: "official" is last and stays.
            .order_by(joined.c.source_id, case((joined.c.role == "official", 1), else_=0), joined.c.id)
        )
        for row in rows:
            found[row.source_id].append(Home(row.id, row.slug, row.standing, row.role))
    return {source: _curated_first(some) for source, some in found.items()}


def _by_title(connection: Connection, titles: Collection[str]) -> dict[str, list[Home]]:
    """Folded title of a paper → the datasets it introduces."""
    starts = {title.lower()[:START] for title in titles}
    wanted = {fold(title) for title in titles}
    works, links, datasets = table(Artifact), table(Link), table(Dataset)
    start = func.lower(func.substr(works.c.title, 1, START))
    found: dict[str, list[Home]] = defaultdict(list)
    for part in chunks(starts):
        rows = connection.execute(
            select(works.c.title, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(links, links.c.artifact_id == works.c.id)
            .join(datasets, datasets.c.id == links.c.dataset_id)
            .where(links.c.relation == "introduces", links.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            .where(start.in_(part))
            .order_by(datasets.c.id)
        )
        for row in rows:
            if (title := fold(row.title)) in wanted:
                found[title].append(Home(row.id, row.slug, row.standing, "official"))
    return {title: _curated_first(some) for title, some in found.items()}


def _by_name(connection: Connection, names: Iterable[str]) -> dict[str, list[Home]]:
    """Squeezed name → the datasets that have it; `role` is the name as it is written where it counts only so."""
    aliases, datasets = table(DatasetAlias), table(Dataset)
    found: dict[str, list[Home]] = defaultdict(list)
    for part in chunks(names):
        rows = connection.execute(
            select(aliases.c.folded, aliases.c.alias, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(datasets, datasets.c.id == aliases.c.dataset_id)
            .where(aliases.c.folded.in_(part), datasets.c.removed_at.is_(None))
            .order_by(datasets.c.id, aliases.c.alias)
        )
        for row in rows:
            if not {*fold(row.alias).split()} <= _GENERIC:
                found[row.folded].append(Home(row.id, row.slug, row.standing, row.alias))
    return {name: _curated_first(some) for name, some in found.items()}


def _by_file(connection: Connection, hashes: Iterable[str | None]) -> dict[str, set[tuple[int, int | None]]]:
    """SHA-256 → (dataset, place) that have the file."""
    files, datasets = table(DatasetFile), table(Dataset)
    found: dict[str, set[tuple[int, int | None]]] = defaultdict(set)
    for part in chunks(hashes):
        rows = connection.execute(
            select(files.c.sha256, files.c.dataset_id, files.c.source_id)
            .join(datasets, datasets.c.id == files.c.dataset_id)
            .where(files.c.sha256.in_(part), datasets.c.removed_at.is_(None))
        )
        for row in rows:
            found[row.sha256].add((row.dataset_id, row.source_id))
    return found


def _languages(connection: Connection, datasets: Iterable[int]) -> dict[int, set[str]]:
    terms = table(DatasetTerm)
    found: dict[int, set[str]] = defaultdict(set)
    for row in select_in(connection, terms, terms.c.dataset_id, datasets, terms.c.facet == "language"):
        found[row["dataset_id"]].add(row["value"])
    return found


def _same_files(
    page: _Page,
    here: int | None,
    by_file: Mapping[str, Iterable[tuple[int, int | None]]],
    called: Mapping[int, str],
) -> Iterable[Evidence]:
    """A file that several datasets have says nothing."""
    data = {file.sha256 for file in _data(page.one) if file.sha256}
    shared: dict[int, int] = defaultdict(int)
    for sha256 in data:
        owners = {dataset for dataset, source in by_file.get(sha256, ()) if source is None or source != here}
        if len(owners) == 1:
            shared[owners.pop()] += 1
    for dataset, count in shared.items():
        share = count / len(data)
        words = f"{count} of its {len(data)} files of data are those of {called[dataset]} by SHA-256"
        yield Evidence(dataset, "checksum", words, round(1.0 if share >= SHARE else share, 2))


def _linked_by_owners(
    sources: Iterable[int], homes: Mapping[int, Sequence[Home]], called: Mapping[int, str]
) -> Iterable[Evidence]:
    for source in sources:
        some = homes.get(source, ())
        for home in some if len(some) <= COLLECTION else ():
            if home.role == "official":
                words = f"an official place of {called[home.dataset_id]} links it"
                yield Evidence(home.dataset_id, "owner-links", words, FULL["owner-links"] if len(some) == 1 else WEAK)


def _own(
    page: _Page,
    by_paper: Mapping[tuple[str, str], Sequence[Home]],
    by_title: Mapping[str, Sequence[Home]],
    at_place: Mapping[tuple[str, str], Sequence[Home]],
    called: Mapping[int, str],
) -> Iterable[Evidence]:
    """The page asks a paper to be cited for itself that introduces a dataset, or the DOI of a dataset."""
    told = [
        ("own-paper", f"cites {SHOWN[s]} {v} for itself, the paper that introduces", by_paper.get((s, v), ()))
        for s, v in sorted(page.own)
    ]
    told.append(
        ("own-paper", "cites for itself, by its title, the paper that introduces", by_title.get(fold(page.title), ()))
    )
    for pair, some in at_place.items():
        if pair[0] in OF_DOI and ("doi", pair[1]) in page.own:
            told.append(("own-doi", f"cites DOI {pair[1]} for itself, that of", some))
    for kind, lead, some in told:
        for home in some if len(some) <= COLLECTION else ():
            words = f"{lead} {called[home.dataset_id]}{_among(some)}"
            yield Evidence(home.dataset_id, kind, words, FULL[kind] if len(some) == 1 else WEAK)


def _among(some: Sequence[Home]) -> str:
    return f" and {len(some) - 1} more" if len(some) > 1 else ""


def _named(
    page: _Page,
    by_paper: Mapping[tuple[str, str], Sequence[Home]],
    at_place: Mapping[tuple[str, str], Sequence[Home]],
    called: Mapping[int, str],
) -> Iterable[Evidence]:
    """Papers that the page names anywhere, and places that it links."""
    for scheme, value in sorted(page.papers):
        some = by_paper.get((scheme, value), ())
        for home in some if len(some) <= COLLECTION else ():
            words = f"names {SHOWN[scheme]} {value}, the paper that introduces {called[home.dataset_id]}{_among(some)}"
            yield Evidence(home.dataset_id, "paper", words, FULL["paper"] if len(some) == 1 else WEAK)
    linked = {pair: at_place[pair] for pair in sorted(page.links) if pair in at_place}
    alone = len({home.dataset_id for some in linked.values() for home in some}) == 1
    for (_, name), some in linked.items():
        for home in some if len(some) <= COLLECTION else ():
            words = f"links {name}, a place of {called[home.dataset_id]}{_among(some)}"
            yield Evidence(home.dataset_id, "links", words, FULL["links"] if alone else WEAK)
    for pair in sorted(page.made_from & set(at_place)):
        for home in at_place[pair] if len(at_place[pair]) <= COLLECTION else ():
            yield Evidence(home.dataset_id, "links", f"says it is made from {called[home.dataset_id]}", WEAK)


def _name(
    page: _Page,
    by_name: Mapping[str, Sequence[Home]],
    at_place: Mapping[tuple[str, str], Sequence[Home]],
    so_far: Sequence[Evidence],
    called: Mapping[int, str],
    speaks: Mapping[int, set[str]],
) -> Iterable[Evidence]:
    """The name of the place and its title, and what contradicts them."""
    own = {one.dataset_id for one in so_far if one.kind in ("own-paper", "own-doi")}
    made_from = {home.dataset_id for pair in page.made_from for home in at_place.get(pair, ())}
    said = {str(one) for one in page.one.fields.get("languages") or ()}
    made = _MADE_OF.search(page.about)
    matches: dict[int, list[tuple[str, _Name]]] = defaultdict(list)
    for squeezed, some in page.names.items():
        for home in by_name.get(squeezed, ()):
            long = len(squeezed) > SHORT
            if meant := [(squeezed, at) for at in some if long or home.role in (at.raw, page.one.title)]:
                matches[home.dataset_id] += meant
    in_repository = {dataset for dataset, found in matches.items() if any(not at.is_title for _, at in found)}
    for dataset, found in matches.items():
        against = _twist(found, page, in_repository - {dataset})
        languages = speaks.get(dataset, set())
        if not against and said and languages and not said & languages:
            against = f"is in {', '.join(sorted(said))}"
        if not against and dataset in made_from:
            against = "says that it is made from it"
        if not against and page.cites and dataset not in own:
            against = "cites another paper for itself"
        if not against and made:
            against = f"says {made[0].lower()!r}"
        longest = max((squeezed for squeezed, _ in found), key=len)
        only = len(by_name[longest]) == 1 and len(longest) >= LETTERS
        weight = TWISTED if against else DISTINCTIVE if only else AGREES
        words = f"is called as {called[dataset]}" + (f", but {against}" if against else "")
        yield Evidence(dataset, "name", words, weight)


def _twist(some: Iterable[tuple[str, _Name]], page: _Page, others: Collection[int]) -> str | None:
    """What stands beside a name that makes it the name of something else; None where it agrees.

    The name of the repository counts before the title, which is often left as it was where a page is copied.
    """
    beside = [[word for word in at.beside if word not in _HARMLESS] for _, at in some if not at.is_title]
    if beside:
        least = min(beside, key=len)
        return f"with {' '.join(least)!r}" if least else None
    repository = fold(page.one.locator.rpartition("/")[2]).split()
    words = [*repository, *min((at.beside for _, at in some), key=len)]
    if twists := [word for word in words if word in _TWISTS]:
        return f"with {' '.join(dict.fromkeys(twists))!r}"
    return "its name is that of another dataset" if others else None
