"""How to cite a dataset, from its card: as BibTeX, APA, CSL-JSON or CFF.

The cards know no authors, so none are named: styles that must have some say "The authors of …".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import quote

from registry.card import DatasetCard
from registry.errors import UnknownOption
from registry.licence_table import REFS
from registry.places import address

STYLES = ("bibtex", "apa", "csl-json", "cff")


@dataclass(frozen=True, slots=True)
class _Work:
    """What is cited: the paper that introduces the dataset, else the dataset itself."""

    key: str
    name: str
    """The dataset's."""
    title: str
    is_paper: bool
    year: int | None
    venue: str | None
    arxiv: str | None
    doi: str | None
    url: str | None

    @property
    def unnamed(self) -> bool:
        """Whether the title leaves the dataset's name out."""
        return self.name.casefold() not in self.title.casefold()

    @property
    def link(self) -> str | None:
        """The most lasting address."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.url


def cite_card(card: DatasetCard, style: str = "bibtex") -> str:
    """How to cite the dataset of `card`, as text ending without a line break.

    `style` is one of `STYLES`. The BibTeX key and the CSL id are the slug, which does not change. A dataset without a
    paper is cited by its name and address. Raises `UnknownOption` for another style.
    """
    writers = {"bibtex": _bibtex, "apa": _apa, "csl-json": _csl}
    work = _work(card)
    if style == "cff":
        return _cff(card, work)
    if style not in writers:
        raise UnknownOption("style", style, STYLES)
    return writers[style](work)


def landing_page(card: DatasetCard) -> str | None:
    """The address where people find the dataset: its home page, else the first of its places that has one."""
    places = (address(place) for place in card.sources)
    return card.homepage or next((place for place in places if place), None)


def _work(card: DatasetCard) -> _Work:
    paper = card.paper
    if paper is None:
        return _Work(card.slug, card.name, card.name, False, None, None, None, _own_doi(card), landing_page(card))
    title = _one_line(paper.title or card.name)
    return _Work(
        key=card.slug,
        name=card.name,
        title=title,
        is_paper=True,
        year=paper.year,
        venue=paper.venue and _one_line(paper.venue),
        arxiv=paper.arxiv,
        doi=paper.doi,
        url=paper.url or landing_page(card),
    )


def _own_doi(card: DatasetCard) -> str | None:
    for place in card.sources:
        if place.provider == "doi" and place.id:
            return place.id
        if place.provider == "zenodo" and place.id and place.id.isdecimal():
            return f"10.5281/zenodo.{place.id}"
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


# BibTeX -----------------------------------------------------------------------------------------------------------

_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{mark: f"\\{mark}" for mark in "&%$#_"},
    }
)


def _tex(text: str) -> str:
    return text.translate(_TEX)


def _verbatim(text: str) -> str:
    """For fields that LaTeX prints as they are, where only an unpaired brace does harm."""
    return text.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _bibtex(work: _Work) -> str:
    fields = {
        # plain styles sort and label by `key` where there is no author
        "key": _tex(work.name),
        "title": f"{{{_tex(work.title)}}}",
        "howpublished": _tex(work.venue or ""),
        "year": work.year and str(work.year),
        "doi": _verbatim(work.doi or ""),
        "eprint": work.arxiv,
        "archiveprefix": work.arxiv and "arXiv",
        "url": _verbatim(work.link or ""),
        "note": _tex(_note(work) or ""),
    }
    lines = [f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{work.key},\n" + ",\n".join(lines) + "\n}"


def _note(work: _Work) -> str | None:
    if work.is_paper:
        return f"Dataset: {work.name}" if work.unnamed else None
    return "Dataset"


# APA --------------------------------------------------------------------------------------------------------------


def _apa(work: _Work) -> str:
    form = " [Data set]" if not work.is_paper else f" [Data set: {work.name}]" if work.unnamed else ""
    parts = [
        work.title + form,
        f"({work.year or 'n.d.'})",
        work.venue,
        work.arxiv and f"arXiv:{work.arxiv}",
    ]
    sentences = [part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part]
    return " ".join([*sentences, *([work.link] if work.link and (work.doi or not work.arxiv) else [])])


# CSL-JSON ---------------------------------------------------------------------------------------------------------


def _csl(work: _Work) -> str:
    item = {
        "id": work.key,
        "type": "article" if work.is_paper else "dataset",
        "title": work.title,
        "container-title": work.venue,
        "issued": work.year and {"date-parts": [[work.year]]},
        "archive": work.arxiv and "arXiv",
        "archive_location": work.arxiv,
        "DOI": work.doi,
        "URL": work.link,
        "note": _note(work) if work.is_paper else None,
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2)


# CFF --------------------------------------------------------------------------------------------------------------

_CFF_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
"""What the CFF schema takes for a DOI: fewer signs than DOIs may have."""


def _cff(card: DatasetCard, work: _Work) -> str:
    import yaml

    citation: dict[str, object] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below.",
        "type": "dataset",
        "title": card.name,
        "abstract": _one_line(card.summary),
        "authors": _authors(work),
        "url": _web(landing_page(card)),
        "license": _spdx_id(card.licence.data),
        "keywords": list(dict.fromkeys([*card.tasks, *card.modalities, *card.specialties])),
    }
    if work.is_paper:
        doi = work.doi if work.doi and _CFF_DOI.fullmatch(work.doi) else None
        citation["preferred-citation"] = _filled(
            {
                "type": "generic",
                "title": work.title,
                "authors": _authors(work),
                "year": work.year,
                "collection-title": work.venue,
                "doi": doi,
                "url": None if doi else _web(work.link),
                "identifiers": [{"type": "other", "value": f"arXiv:{work.arxiv}"}] if work.arxiv else None,
            }
        )
    elif work.doi and _CFF_DOI.fullmatch(work.doi):
        citation["doi"] = work.doi
    return yaml.safe_dump(_filled(citation), sort_keys=False, allow_unicode=True, width=100).rstrip("\n")


def _authors(work: _Work) -> list[dict[str, str]]:
    return [{"name": f"The authors of {work.title}"}]


def _filled(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _web(link: str | None) -> str | None:
    return quote(link, safe=":/?#[]@!$&'()*+,;=%~") if link else None


def _spdx_id(spdx: str | None) -> str | None:
    """CFF takes ids of the SPDX list alone."""
    return None if spdx is None or " " in spdx or spdx in REFS else spdx
