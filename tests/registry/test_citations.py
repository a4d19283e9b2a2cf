"""A dataset is cited by the paper that introduces it, or by its name and address, and nothing is made up."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry import cards_io
from registry.card import DatasetCard, LicenceStated, Paper, Place
from registry.citations import STYLES, cite_card
from registry.errors import UnknownOption


def card(name: str = "ToyQA", **more: object) -> DatasetCard:
    facts = {"slug": "toyqa", "name": name, "kind": "dataset", "summary": "Toy\n questions.", "access": "open"}
    return DatasetCard.model_validate(facts | more)


PUBLISHED = card(
    paper=Paper(
        title="ToyQA: 100% of Bücher & {Questions}_1",
        arxiv="2508.16390",
        doi="10.1038/s41746-026-02465-0",
        year=2025,
        venue="Toys & Medicine",
    ),
    homepage="https://example.org/toyqa",
    licence=LicenceStated(data="CC-BY-4.0"),
    tasks=["open-qa"],
    modalities=["text"],
)
PREPRINT = card(paper=Paper(title="A study of toys", arxiv="2508.16390", year=2025))
UNPUBLISHED = card(sources=[Place(provider="zenodo", id="123456")], licence=LicenceStated(data="LicenseRef-DUA"))


@pytest.fixture(scope="module")
def cards() -> list[DatasetCard]:
    return [entry.card for entry in cards_io.read_cards([cards_io.PACKAGE]).datasets.values()]


# ------------------------------------------------------------------ BibTeX


def test_bibtex_names_the_paper_and_escapes_what_tex_would_read() -> None:
    assert cite_card(PUBLISHED, "bibtex").splitlines() == [
        "@misc{toyqa,",
        "  key           = {ToyQA},",
        r"  title         = {{ToyQA: 100\% of Bücher \& \textbraceleft{}Questions\textbraceright{}\_1}},",
        r"  howpublished  = {Toys \& Medicine},",
        "  year          = {2025},",
        "  doi           = {10.1038/s41746-026-02465-0},",
        "  eprint        = {2508.16390},",
        "  archiveprefix = {arXiv},",
        "  url           = {https://doi.org/10.1038/s41746-026-02465-0}",
        "}",
    ]


def test_bibtex_says_the_datasets_name_where_the_title_does_not() -> None:
    assert "note          = {Dataset: ToyQA}" in cite_card(PREPRINT, "bibtex")


def test_a_dataset_without_a_paper_is_cited_by_its_name_and_lasting_address_without_a_year() -> None:
    entry = cite_card(UNPUBLISHED, "bibtex")
    assert "title         = {{ToyQA}}" in entry
    assert "doi           = {10.5281/zenodo.123456}" in entry
    assert "year" not in entry


def unescaped(text: str) -> str:
    for tex, mark in (("braceleft", "{"), ("braceright", "}"), ("asciitilde", "~"), ("asciicircum", "^")):
        text = text.replace(f"\\text{tex}{{}}", mark)
    return re.sub(r"\\([&%$#_])", r"\1", text).replace("\\textbackslash{}", "\\")


@given(st.text("aé{}%&_#$~^\"'@,=()", min_size=1).filter(str.strip))
def test_any_title_leaves_the_entry_with_paired_braces_and_comes_back(title: str) -> None:
    entry = cite_card(card(paper=Paper(title=title)), "bibtex")
    depth = 0
    for sign in entry:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    found = re.search(r"title +=\s\{\{(.*)\}\},?$", entry, re.MULTILINE)
    assert found
    assert unescaped(found[1]) == " ".join(title.split())


def test_a_bibtex_parser_reads_every_card_and_no_key_comes_twice(cards: list[DatasetCard]) -> None:
    bibtexparser = pytest.importorskip("bibtexparser", minversion="2.0")
    library = bibtexparser.parse_string("\n\n".join(cite_card(one, "bibtex") for one in cards))
    assert library.failed_blocks == []
    assert [entry.key for entry in library.entries] == [one.slug for one in cards]
    assert all({"key", "title"} <= entry.fields_dict.keys() for entry in library.entries)


# ------------------------------------------------------------------ APA


def test_apa_starts_with_the_title_as_no_authors_are_known() -> None:
    assert cite_card(PREPRINT, "apa") == "A study of toys [Data set: ToyQA]. (2025). arXiv:2508.16390."
    assert cite_card(PUBLISHED, "apa") == (
        "ToyQA: 100% of Bücher & {Questions}_1. (2025). Toys & Medicine. arXiv:2508.16390. "
        "https://doi.org/10.1038/s41746-026-02465-0"
    )
    assert cite_card(UNPUBLISHED, "apa") == "ToyQA [Data set]. (n.d.). https://doi.org/10.5281/zenodo.123456"
    assert cite_card(card(), "apa") == "ToyQA [Data set]. (n.d.)."


def test_apa_does_not_put_a_full_stop_after_a_question_mark() -> None:
    asked = card(paper=Paper(title="What is ToyQA?", year=2020))
    assert cite_card(asked, "apa") == "What is ToyQA? (2020)."


# ------------------------------------------------------------------ CSL-JSON


def test_csl_json_is_a_list_of_one_item_in_plain_unicode() -> None:
    text = cite_card(PUBLISHED, "csl-json")
    assert "Bücher" in text
    assert json.loads(text) == [
        {
            "id": "toyqa",
            "type": "article",
            "title": "ToyQA: 100% of Bücher & {Questions}_1",
            "container-title": "Toys & Medicine",
            "issued": {"date-parts": [[2025]]},
            "archive": "arXiv",
            "archive_location": "2508.16390",
            "DOI": "10.1038/s41746-026-02465-0",
            "URL": "https://doi.org/10.1038/s41746-026-02465-0",
        }
    ]
    assert json.loads(cite_card(UNPUBLISHED, "csl-json"))[0]["type"] == "dataset"


# ------------------------------------------------------------------ CFF


def test_cff_cites_the_dataset_and_prefers_its_paper() -> None:
    found = yaml.safe_load(cite_card(PUBLISHED, "cff"))
    assert found["cff-version"] == "1.2.0"
    assert (found["type"], found["title"], found["abstract"]) == ("dataset", "ToyQA", "Toy questions.")
    assert found["license"] == "CC-BY-4.0"
    paper = found["preferred-citation"]
    assert (paper["year"], paper["doi"]) == (2025, "10.1038/s41746-026-02465-0")
    assert paper["identifiers"] == [{"type": "other", "value": "arXiv:2508.16390"}]


def test_cff_names_nobody_as_an_author_and_states_no_licence_that_spdx_does_not_list() -> None:
    found = yaml.safe_load(cite_card(UNPUBLISHED, "cff"))
    assert found["authors"] == [{"name": "The authors of ToyQA"}]
    assert "license" not in found
    assert "preferred-citation" not in found
    assert found["doi"] == "10.5281/zenodo.123456"


def test_a_doi_that_cff_does_not_take_is_given_as_an_address() -> None:
    odd = card(paper=Paper(title="ToyQA", doi="10.1002/(SICI)1<2::AID-X>3.0.CO;2-Z"))
    paper = yaml.safe_load(cite_card(odd, "cff"))["preferred-citation"]
    assert "doi" not in paper
    assert paper["url"] == "https://doi.org/10.1002/(SICI)1%3C2::AID-X%3E3.0.CO;2-Z"


def test_every_card_gives_a_cff_file_with_what_the_schema_demands(cards: list[DatasetCard]) -> None:
    for one in cards:
        text = cite_card(one, "cff")
        found = yaml.safe_load(text)
        assert {"cff-version", "message", "title", "authors"} <= found.keys(), one.slug
        assert "&id" not in text, one.slug
        assert len(set(found.get("keywords", []))) == len(found.get("keywords", [])), one.slug


# ------------------------------------------------------------------ all


def test_every_card_can_be_cited_in_every_style_and_always_the_same_way(cards: list[DatasetCard]) -> None:
    for one in cards:
        for style in STYLES:
            text = cite_card(one, style)
            assert text == cite_card(one, style)
            assert text == text.strip()
            assert "None" not in text.replace(one.name, ""), (one.slug, style)


def test_an_unknown_style_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownOption, match="bibtex, apa, csl-json, cff"):
        cite_card(PUBLISHED, "harvard")
