"""Whether a place belongs to a dataset that is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from benchmarks.identity import figures, measure, part_of, read_labels
from registry.db import engine
from registry.identity import Belonging, Evidence, decide, gather
from registry.identity_names import words
from registry.names import fold
from registry.observation import File, Observation, Touch
from registry.standing import table
from registry.tables import Dataset, DatasetFile, Source, SourceLink

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NAME = Evidence(1, "name", "is called as One", 0.6)
OWN = Evidence(1, "own-paper", "cites arXiv 1 for itself, the paper that introduces One", 0.8)
PUBMEDQA = ("arxiv", "1909.06146")


def evidence(kind: str, weight: float, dataset: int = 1) -> Evidence:
    return Evidence(dataset, kind, f"{kind} of {dataset}", weight)


def test_nothing_is_decided_without_evidence() -> None:
    assert decide([]) == Belonging(None, "unknown", "", 0.0, ())


def test_the_same_files_are_a_mirror_whatever_the_name() -> None:
    found = decide([evidence("checksum", 1.0)])
    assert (found.dataset_id, found.role, found.questions) == (1, "mirror", ())


def test_some_of_the_files_are_a_question() -> None:
    found = decide([evidence("checksum", 0.3)])
    assert found.dataset_id is None
    assert [dataset for dataset, _, _ in found.questions] == [1]


def test_its_own_paper_and_its_name_attach_it_in_an_unknown_role() -> None:
    found = decide([OWN, NAME])
    assert (found.dataset_id, found.role) == (1, "unknown")
    assert found.evidence == f"{OWN.words}; {NAME.words}"


@pytest.mark.parametrize(
    "some",
    [
        [OWN],
        [OWN, NAME._replace(weight=0.2)],
        [OWN._replace(weight=0.3), NAME],
        [evidence("own-doi", 0.8)],
        [evidence("owner-links", 0.8)],
        [evidence("links", 0.6)],
        [evidence("links", 0.6), NAME._replace(weight=0.5)],
        [evidence("links", 0.3), NAME],
        [evidence("paper", 0.5)],
        [evidence("paper", 0.5), NAME],
    ],
)
def test_less_than_that_is_a_question(some: list[Evidence]) -> None:
    found = decide(some)
    assert found.dataset_id is None
    assert [dataset for dataset, _, _ in found.questions] == [1]


def test_a_place_that_the_owners_link_is_attached_where_its_name_or_paper_agrees() -> None:
    for more in (NAME, OWN):
        found = decide([evidence("owner-links", 0.8), more])
        assert (found.dataset_id, found.role) == (1, "unknown")


def test_a_link_and_a_name_that_nothing_else_has_are_enough() -> None:
    assert decide([evidence("links", 0.6), NAME]).dataset_id == 1


def test_a_distinctive_name_alone_is_asked_about_with_a_low_score() -> None:
    [(dataset, words, score)] = decide([NAME]).questions
    assert (dataset, words, score) == (1, NAME.words, 0.2)


@pytest.mark.parametrize("weight", [0.5, 0.2])
def test_any_other_name_alone_is_no_question(weight: float) -> None:
    assert decide([NAME._replace(weight=weight)]).questions == ()


@pytest.mark.parametrize("other", [evidence("own-paper", 0.8, 2), evidence("checksum", 1.0, 2)])
def test_strong_evidence_for_another_dataset_makes_it_a_question_about_both(other: Evidence) -> None:
    found = decide([OWN, NAME, other])
    assert found.dataset_id is None
    assert {dataset for dataset, _, _ in found.questions} == {1, 2}


def test_weak_evidence_for_another_does_not() -> None:
    assert decide([OWN, NAME, evidence("paper", 0.5, 2)]).dataset_id == 1


def test_a_page_that_links_many_datasets_is_a_list_and_no_question() -> None:
    assert decide([evidence("links", 0.3, number) for number in range(9)]).questions == ()


@pytest.fixture
def catalogue(catalogue_url: str) -> Iterator[Connection]:
    """The packaged cards; what a test writes is undone."""
    with engine(catalogue_url).connect() as connection:
        yield connection


def place(name: str = "someone/PubMedQA", **told: Any) -> Observation:
    return Observation(
        provider="huggingface", kind="dataset", native_id=name, locator=name, seen_at=NOW, **({"title": name} | told)
    )


def link(name: str = "pubmedqa/pubmedqa", relation: str = "mentions") -> Touch:
    return Touch(relation, "github", name, f"names {name}", 0.4)


def dataset(connection: Connection, slug: str) -> int:
    datasets = table(Dataset)
    return int(connection.execute(select(datasets.c.id).where(datasets.c.slug == slug)).scalar_one())


def decided(connection: Connection, one: Observation) -> Belonging:
    return decide(gather(connection, {7: one}).get(7, ()))


def asked(connection: Connection, one: Observation) -> list[str]:
    """Slugs it is asked about, where it is not attached."""
    found, datasets = decided(connection, one), table(Dataset)
    assert found.dataset_id is None, found.evidence
    slugs = dict(connection.execute(select(datasets.c.id, datasets.c.slug)).fetchall())
    return [slugs[number] for number, _, _ in found.questions]


def test_a_page_that_cites_the_paper_for_itself_and_has_the_name_belongs(catalogue: Connection) -> None:
    found = decided(catalogue, place(own_ids=(PUBMEDQA,)))
    assert (found.dataset_id, found.role) == (dataset(catalogue, "pubmedqa"), "unknown")
    assert "cites arXiv 1909.06146 for itself, the paper that introduces PubMedQA" in found.evidence


def test_the_paper_is_known_by_its_title_too(catalogue: Connection) -> None:
    text = "## Citation\n@misc{y, title={{PubMedQA}: A Dataset for Biomedical Research Question Answering}}"
    found = decided(catalogue, place(fields={"card_text": text}))
    assert found.dataset_id == dataset(catalogue, "pubmedqa")


def test_words_that_mean_nothing_may_stand_beside_the_name(catalogue: Connection) -> None:
    found = decided(catalogue, place("someone/pubmed_qa-dataset", own_ids=(PUBMEDQA,)))
    assert found.dataset_id == dataset(catalogue, "pubmedqa")


@pytest.mark.parametrize(
    "told",
    [
        {"name": "someone/PubMedQA-vi"},
        {"name": "someone/pubmedqa_instruct"},
        {"name": "someone/PubMedQA-v2"},
        {"name": "someone/PubMedQA-llama3-answers"},
        {"name": "someone/pubmedqa-sft", "title": "PubMedQA"},
        {"name": "someone/translated-questions", "title": "PubMedQA"},
        {"title": "PubMedQA", "fields": {"languages": ["vi"]}},
        {"fields": {"card_text": "A machine-translated version of PubMedQA."}},
        {"touches": (link(relation="builds-on"),)},
        {"name": "someone/questions"},
    ],
)
def test_what_says_that_it_is_something_else_makes_it_a_question(catalogue: Connection, told: dict[str, Any]) -> None:
    one = place(**({"name": "someone/PubMedQA", "own_ids": (PUBMEDQA,)} | told))
    assert asked(catalogue, one) == ["pubmedqa"]


def test_a_link_and_the_name_belong_unless_another_paper_is_cited(catalogue: Connection) -> None:
    assert decided(catalogue, place(touches=(link(),))).dataset_id == dataset(catalogue, "pubmedqa")
    other = place(touches=(link(),), own_ids=(("arxiv", "1234.56789"),))
    assert asked(catalogue, other) == ["pubmedqa"]


def test_a_page_that_links_several_datasets_belongs_to_none_of_them(catalogue: Connection) -> None:
    one = place(touches=(link(), link("medmcqa/medmcqa")))
    assert "pubmedqa" in asked(catalogue, one)


def test_the_name_alone_is_asked_about(catalogue: Connection) -> None:
    assert asked(catalogue, place()) == ["pubmedqa"]


@pytest.mark.parametrize("name", ["someone/pubmed", "someone/medical-data", "someone/chest-xray", "someone/cas"])
def test_a_name_of_common_words_or_few_letters_is_not(catalogue: Connection, name: str) -> None:
    assert asked(catalogue, place(name)) == []


def test_a_paper_of_several_datasets_does_not_say_which(catalogue: Connection) -> None:
    found = asked(catalogue, place("someone/r-rad-data", own_ids=(("arxiv", "2404.12372"),)))
    assert {*found} == {"r-path", "r-rad", "r-slake"}


def test_the_doi_of_the_data_and_the_name_belong(catalogue: Connection) -> None:
    found = decided(catalogue, place("someone/HAM10000", own_ids=(("doi", "10.7910/DVN/DBW86T"),)))
    assert found.dataset_id == dataset(catalogue, "ham10000")


def lay_files(connection: Connection, slug: str, *hashes: str) -> None:
    rows = [{"dataset_id": dataset(connection, slug), "sha256": one, "origin": "curated"} for one in hashes]
    connection.execute(insert(table(DatasetFile)), rows)


def files(*hashes: str, size: int = 5_000) -> tuple[File, ...]:
    return tuple(File(f"data/{number}.csv", size, one) for number, one in enumerate(hashes))


A, B, C, D = (letter * 64 for letter in "abcd")


def test_a_place_with_the_same_files_is_a_mirror(catalogue: Connection) -> None:
    lay_files(catalogue, "pubmedqa", A, B)
    found = decided(catalogue, place("someone/else", files=files(A, B, C)))
    assert (found.dataset_id, found.role) == (dataset(catalogue, "pubmedqa"), "mirror")
    assert found.evidence == "2 of its 3 files of data are those of PubMedQA by SHA-256"


def test_few_of_its_files_are_a_question(catalogue: Connection) -> None:
    lay_files(catalogue, "pubmedqa", A)
    assert asked(catalogue, place("someone/else", files=files(A, B, C, D))) == ["pubmedqa"]


def test_a_file_that_two_datasets_have_says_nothing(catalogue: Connection) -> None:
    lay_files(catalogue, "pubmedqa", A)
    lay_files(catalogue, "medmcqa", A)
    assert asked(catalogue, place("someone/else", files=files(A))) == []


def test_small_files_and_readmes_say_nothing(catalogue: Connection) -> None:
    lay_files(catalogue, "pubmedqa", A, B)
    told = (*files(A, size=100), File("README.md", 5_000, B))
    assert asked(catalogue, place("someone/else", files=told)) == []


def source(connection: Connection, name: str) -> int:
    sources = table(Source)
    found = connection.execute(select(sources.c.id).where(sources.c.locator == name, sources.c.provider == "github"))
    return int(found.scalar_one())


def test_a_place_that_an_official_place_links_is_attached_though_nobody_knows_whose_it_is(
    catalogue: Connection,
) -> None:
    row = {"scheme": "huggingface", "value": "someone/pubmedqa", "source_id": source(catalogue, "pubmedqa/pubmedqa")}
    catalogue.execute(insert(table(SourceLink)).values(**row))
    found = decided(catalogue, place())
    assert (found.dataset_id, found.role) == (dataset(catalogue, "pubmedqa"), "unknown")


def test_links_may_be_told_by_the_caller(catalogue: Connection) -> None:
    linked = {("huggingface", "someone/pubmedqa"): [source(catalogue, "pubmedqa/pubmedqa")]}
    found = decide(gather(catalogue, {1: place()}, linked)[1])
    assert found.role == "unknown"


def test_what_is_known_of_the_very_place_is_no_evidence(catalogue: Connection) -> None:
    assert asked(
        catalogue, place("qiaojin/PubMedQA", touches=(Touch("mentions", "huggingface", "qiaojin/PubMedQA", "", 0.4),))
    )


def test_a_page_of_observations_costs_as_many_queries_as_one(catalogue: Connection) -> None:
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(catalogue, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    one = place(own_ids=(PUBMEDQA,), touches=(link(),), files=files(A))
    gather(catalogue, {0: one})
    first = len(seen)
    gather(
        catalogue, {at: place(f"someone/{at}-PubMedQA", own_ids=(PUBMEDQA,), touches=(link(),)) for at in range(200)}
    )
    assert len(seen) - first <= first


def test_every_word_of_the_lists_is_one_that_can_be_met_and_no_twist_is_harmless() -> None:
    listed = words()
    assert listed.generic > listed.harmless
    assert [word for word in listed.generic | listed.twists if fold(word) != word] == []
    assert listed.harmless & listed.twists == frozenset()


def test_no_page_is_no_query(catalogue: Connection) -> None:
    assert gather(catalogue, {}) == {}


def test_the_labels_are_sound() -> None:
    labels = read_labels()
    keys = [label["key"] for label in labels]
    assert len({*keys}) == len(keys)
    assert sum(not label["slugs"] for label in labels) >= 60
    assert {part_of(key) for key in keys} == {"dev", "test"}


@pytest.mark.slow
def test_labelled_places_are_never_attached_to_the_wrong_dataset(embedded_catalogue_url: str, shared: Path) -> None:
    with engine(embedded_catalogue_url).connect() as connection:
        cases = measure(connection, shared)
    wrong = [(case.key, case.attached) for case in cases if case.outcome == "wrong"]
    made = [case.key for case in cases if case.key.startswith(("derived:", "twist:")) and case.attached]
    assert made == []
    assert figures(cases)["precision"] >= 0.99, wrong
    cards = [case for case in cases if case.key.startswith("card:")]
    assert len(cards) == 276
    assert figures(cards)["recall"] >= 0.7
    assert figures(cards)["recall with questions"] >= 0.9
