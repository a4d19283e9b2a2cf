"""What the text of a page names: places of datasets, papers, and what it asks to be cited for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from registry.artifacts import paper_ids
from registry.places import recognise

LONGEST = 200_000
"""Characters of a text that are read."""
MOST = 100
"""Names kept of each kind."""
LONGEST_ENTRY = 20_000
"""Characters of one BibTeX entry."""

Named = tuple[tuple[str, str], ...]

_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w/.@-])(?:www\.)?(?:github\.com|huggingface\.co|hf\.co|(?:dx\.)?doi\.org|arxiv\.org|zenodo\.org"
    r"|physionet\.org|kaggle\.com)/)[^\s<>\"`{}|\\^\[\]]{1,500}",
    re.IGNORECASE,
)
_LOADED = re.compile(r"load_dataset\(\s{0,20}[\"']([A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})[\"']")
_ARXIV_ADDRESS = re.compile(
    r"https?://(?:\w{1,10}\.)?(?:arxiv\.org/(?:abs|pdf|html|format)|huggingface\.co/papers)/([\w.-]+(?:/\d{7})?)",
    re.IGNORECASE,
)
_ARXIV = re.compile(
    r"arxiv(?:\s?preprint)?\s?(?:arxiv)?\s?[:.]\s?((?:[a-z-]{2,15}(?:\.[A-Z]{2})?/)?\d[\d.]{6,10})", re.IGNORECASE
)
_DOI = re.compile(r"(?<![\w/.%])10\.\d{4,9}/[^\s<>\"'`{}|\\^\[\],;]{1,150}")
_DOI_ADDRESS = re.compile(r"https?://(?:dx\.)?doi\.org/(10\.\S+)", re.IGNORECASE)
_ZENODO = re.compile(r"10\.5281/zenodo\.\d+", re.IGNORECASE)
_DATA = ("10.5281/", "10.13026/", "10.7910/", "10.6084/", "10.17632/", "10.5061/", "10.7937/", "10.17605/", "10.57967/")
"""Beginnings of DOIs that repositories of data give; those of others are papers."""
_NO_REPOSITORY = frozenset(
    "about account apps collections contact customer-stories enterprise explore features issues join login logos"
    " marketplace new notifications orgs organizations pricing pulls readme search security settings site sponsors team"
    " topics trending user-attachments users".split()
)
"""First parts of addresses at GitHub that are nobody's account."""
_HUB_PAGES = ("blob", "discussions", "embed", "raw", "resolve", "tree", "viewer")

_HEADING = re.compile(r"^[ \t]{0,3}(?:#{1,6}|\*\*|<h\d[^>\n]{0,50}>)[^\n]{1,150}", re.MULTILINE)
_ASKS = re.compile(r"\b(?:citations?|citing|cite|bibtex|how to cite)\b|引用|引文|引述|인용", re.IGNORECASE)
_ENTRY = re.compile(r"@[A-Za-z]{3,20}\s{0,5}\{")
_FIELD = re.compile(r"([A-Za-z_-]{2,30})[ \t]{0,40}=\s{0,40}")
_CITED = ("doi", "url", "ee", "journal", "note", "howpublished", "publisher", "eprint", "volume")
_MARKUP = re.compile(r"\\[\"'`^~=.]|\\[A-Za-z]+\s?|[{}$\\]")


class Mentions(NamedTuple):
    """What a text names, each once, in the order of the text."""

    places: Named
    """(provider, name) as `registry.places.recognise` tells them; pages of providers we do not know are left out."""
    papers: Named
    """(``arxiv`` or ``doi``, id); the DOI of a record of data is among them too."""
    own_papers: Named
    """Those of the citation that the page asks for."""
    title: str | None
    """The title in that citation, without its markup."""


def mentions(text: str) -> Mentions:
    """What `text` names: Markdown, plain, or HTML made text. Only its first `LONGEST` characters are read."""
    text = text[:LONGEST]
    own, title = _citation(text)
    cited = (pair for entry in _entries(text) for pair in _cited(_fields(entry)))
    found = [*addresses(text)]
    dois = [*_dois(text, found)]
    places, papers = _places(text, found, dois), _papers_of(text, found, dois)
    return Mentions(_once(places), _once([*papers, *cited, *own]), _once(own), title)


def cited_title(text: str) -> str | None:
    """The `title` of what `mentions` finds in `text`, for a fraction of the work."""
    return _citation(text[:LONGEST])[1]


def _once(found: Iterable[tuple[str, str]]) -> Named:
    kept: dict[tuple[str, str], tuple[str, str]] = {}
    for provider, name in found:
        kept.setdefault((provider, name.lower()), (provider, name))
        if len(kept) == MOST:
            break
    return tuple(kept.values())


def addresses(text: str) -> Iterator[str]:
    """The web addresses in a text, in their order, without what the sentence around them adds."""
    # An address has no blank and some slash: few words of a text are worth the search.
    for word in text.split():
        for match in _ADDRESS.finditer(word) if "/" in word else ():
            found = trimmed(match[0])
            yield found if found[:4].lower() == "http" else f"https://{found}"


def trimmed(address: str) -> str:
    """An address without what the sentence around it adds: closing brackets that it does not open, full stops."""
    depth = 0
    for index, letter in enumerate(address):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            address = address[:index]
            break
    return address.rstrip(".,;:!?*_'’\"”")


def _places(text: str, found: Iterable[str], dois: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Places in a text of which the addresses and DOIs are found."""
    yield from (("huggingface", match[1].rstrip(".")) for match in _LOADED.finditer(text))
    for address in found:
        if (place := recognise(_page(address)))[0] not in ("web", "doi"):
            yield place
    for name in dois:
        if match := _ZENODO.match(name):
            yield recognise(f"https://zenodo.org/doi/{match[0].lower()}")
        elif name.startswith(_DATA):
            yield recognise(f"https://doi.org/{name}")


def _page(address: str) -> str:
    """The address of the place as a whole, of one inside it; an empty text where there is none."""
    start, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    host = host.lower().removeprefix("www.")
    path = re.split(r"[?#]", path, maxsplit=1)[0]
    parts = [part.rstrip(".,;") for part in path.split("/") if part]
    if host in ("github.com", "raw.githubusercontent.com"):
        owned = len(parts) > 1 and parts[0].lower() not in _NO_REPOSITORY
        return f"https://github.com/{parts[0]}/{parts[1].removesuffix('.git')}" if owned else ""
    if host in ("huggingface.co", "hf.co") and parts[:1] == ["datasets"]:
        name = parts[1:2] if len(parts) > 2 and parts[2] in _HUB_PAGES else parts[1:3]
        return f"https://huggingface.co/datasets/{'/'.join(name)}" if name else ""
    return f"{start.lower()}://{host}/{path}"


def _papers(text: str) -> Iterator[tuple[str, str]]:
    found = [*addresses(text)]
    return _papers_of(text, found, _dois(text, found))


def _papers_of(text: str, found: Iterable[str], dois: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Papers in a text of which the addresses and DOIs are found."""
    for address in found:
        if match := _ARXIV_ADDRESS.match(address):
            yield from paper_ids(arxiv=match[1])
    for match in _ARXIV.finditer(text):
        yield from paper_ids(arxiv=match[1].rstrip("."))
    for name in dois:
        yield from paper_ids(doi_=name)


def _dois(text: str, found: Iterable[str]) -> Iterator[str]:
    """DOIs in a text of which the addresses are found."""
    for address in found:
        if match := _DOI_ADDRESS.match(address):
            yield from (name for _, name in paper_ids(doi_=unquote(match[1])[:200]))
    for match in _DOI.finditer(text):
        yield from (name for _, name in paper_ids(doi_=trimmed(match[0])))


def _citation(text: str) -> tuple[list[tuple[str, str]], str | None]:
    """The papers and the title of what the page asks to be cited: a headed section, else the first BibTeX entry."""
    for section in _sections(text):
        entries = [_fields(entry) for entry in _entries(section)]
        if entries:
            return [pair for entry in entries for pair in _cited(entry)], _title(entries)
        if len(section) < LONGEST_ENTRY and (named := [*_papers(section)]):
            return named, None
    first = next(_entries(text), None)
    entry = _fields(first) if first else {}
    return [*_cited(entry)], _title([entry])


def _sections(text: str) -> Iterator[str]:
    """The sections whose heading asks for a citation, without the heading."""
    for heading, end in _spans(_HEADING.finditer(text), len(text)):
        if _ASKS.search(heading[0]):
            yield text[heading.end() : end]


def _entries(text: str) -> Iterator[str]:
    """The BibTeX entries of a text, with their braces; one that is never closed goes on to the next."""
    for start, end in islice(_spans(_ENTRY.finditer(text), len(text)), MOST):
        yield _balanced(text[start.end() - 1 : min(end, start.end() + LONGEST_ENTRY)])


def _spans(found: Iterable[re.Match[str]], length: int) -> Iterator[tuple[re.Match[str], int]]:
    """Each match with where the next begins, or the text ends."""
    some = [*found]
    return zip(some, [one.start() for one in some[1:]] + [length], strict=False)


def _balanced(text: str) -> str:
    """`text`, which begins with an opening brace, up to the brace that closes it; all of it where none does."""
    depth = 0
    for match in re.finditer(r"[{}]", text):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[: match.end()]
    return text


def _fields(entry: str) -> dict[str, str]:
    """Field → value of a BibTeX entry, names in lower case."""
    found: dict[str, str] = {}
    at = entry.find(",") + 1
    while at and (match := _FIELD.search(entry, at)):
        rest = entry[match.end() : match.end() + LONGEST_ENTRY]
        if rest.startswith("{"):
            value = _balanced(rest)
        elif rest.startswith('"'):
            value = _quoted(rest)
        else:
            value = re.split(r"[,\n}]", rest, maxsplit=1)[0]
        found.setdefault(match[1].lower(), value.strip())
        at = match.end() + max(len(value), 1)
    return found


def _quoted(text: str) -> str:
    """`text`, which begins with a quotation mark, up to the one that ends it; those within braces do not."""
    depth = 0
    for match in re.finditer(r'[{}"]', text[1:]):
        depth += (match[0] == "{") - (match[0] == "}")
        if match[0] == '"' and depth <= 0:
            return text[: match.end() + 1]
    return text


def _cited(entry: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    said = {name: _MARKUP.sub("", entry[name]).strip("\" '") for name in _CITED if name in entry}
    archive = entry.get("archiveprefix", entry.get("eprinttype", "arxiv")).strip('{}" ').lower()
    if archive == "arxiv":
        yield from paper_ids(arxiv=said.get("eprint", "")[:50])
    yield from paper_ids(arxiv=said.get("volume", "")[:50].removeprefix("abs/"))
    for name in said:
        yield from _papers(said[name])


def _title(entries: Iterable[Mapping[str, str]]) -> str | None:
    for entry in entries:
        if title := " ".join(_MARKUP.sub("", entry.get("title", "")).strip('"').split()):
            return title[:500]
    return None
