"""Names are compared without what people type differently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.artifacts import arxiv_id, doi, paper_ids
from registry.card import Place
from registry.names import fold, squeeze
from registry.places import key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("PubMed_QA", "pubmed qa"),
        ("Événement-QA", "evenement qa"),
        ("泌尿 dataset", "泌 尿 dataset"),
        ("한국어 데이터", "한국어 데이터"),
        ("ﬁne Straße", "fine strasse"),
        ("", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert squeeze(fold(text)) == squeeze(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2306.03030", "2306.03030"),
        ("https://arxiv.org/abs/2306.03030v2", "2306.03030"),
        ("https://arxiv.org/pdf/2306.03030.pdf", "2306.03030"),
        ("cs.CL/0101001", "cs.CL/0101001"),
        ("10.1000/x", None),
    ],
)
def test_arxiv_ids(text: str, number: str | None) -> None:
    assert arxiv_id(text) == number


def test_a_doi_counts_without_case_and_resolver() -> None:
    assert doi("https://doi.org/10.18653/v1/D19-1259") == "10.18653/v1/d19-1259"
    assert doi("no doi") is None


def test_the_doi_that_arxiv_gives_is_the_arxiv_id() -> None:
    assert paper_ids(doi_="10.48550/arXiv.2306.03030") == [("arxiv", "2306.03030")]


def test_a_title_identifies_only_where_nothing_else_does() -> None:
    assert paper_ids(title="A Paper: on X") == [("title", "a paper on x")]
    assert paper_ids(arxiv="2306.03030", title="A Paper") == [("arxiv", "2306.03030")]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (Place(provider="github", id="Owner/Name"), ("github", "owner/name")),
        (Place(provider="github", url="https://github.com/Owner/Name.git"), ("github", "owner/name")),
        (Place(provider="web", url="https://huggingface.co/datasets/a/B"), ("huggingface", "a/b")),
        (Place(provider="web", url="https://zenodo.org/record/123/"), ("zenodo", "123")),
        (Place(provider="web", url="http://www.example.org/data/"), ("web", "example.org/data")),
        (Place(provider="web", url="https://example.org/data"), ("web", "example.org/data")),
        (Place(provider="web", url="https://example.org/data?id=1"), ("web", "example.org/data?id=1")),
    ],
)
def test_a_place_is_the_same_in_every_spelling_of_its_address(place: Place, found: tuple[str, str]) -> None:
    assert key(place) == found
