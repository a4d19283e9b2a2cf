"""The cards of the package are complete and agree with each other; a user's own cards are read beside them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from registry import cards_io
from registry.cards_io import Cards, card_folders, fingerprint, read_cards, scan
from registry.errors import CardError, Problem

WORKPLACE = re.compile(
    r"local[ _]sample|copied here|not copied|copy read|counts ours|\bby us\b|measured here|fact sheet|stored page"
    r"|seed abstract|(?<![\w.-])shared/|(?<![\w./])/(?:home|root|tmp|mnt|wor\w)/",
    re.IGNORECASE,
)
"""Words about the desk at which a card was written; a reader elsewhere can do nothing with them."""


@pytest.fixture(scope="module")
def cards() -> Cards:
    return read_cards([cards_io.PACKAGE])


def dataset(slug: str, more: str = "") -> str:
    return f"slug: {slug}\nname: Toy\nkind: dataset\nsummary: Toys.\naccess: open\n{more}"


def problems_of(*folders: Path) -> list[Problem]:
    with pytest.raises(CardError) as caught:
        read_cards(folders)
    return caught.value.problems


# ------------------------------------------------------------------ the cards of the package


def test_every_dataset_paper_finding_seed_and_listed_row_is_there(cards: Cards) -> None:
    counts = {kind: len(found) for kind, found in vars(cards).items()}
    assert counts == {"datasets": 350, "papers": 34, "findings": 243, "seeds": 47, "listed": 2164}


def test_every_seed_has_its_datasets_and_papers_and_its_arxiv_id_stands_in_one_of_them(cards: Cards) -> None:
    assert [entry.card.n for entry in cards.seeds.values()] == list(range(1, 48))
    for arxiv, (seed, _, _) in cards.seeds.items():
        assert seed.introduces or seed.papers, seed.title
        ids = {cards.papers[slug].card.arxiv for slug in seed.papers}
        for slug in seed.introduces:
            paper = cards.datasets[slug].card.paper
            ids.add(paper.arxiv if paper else None)
        assert arxiv in ids, seed.title


def test_every_statement_says_where_it_was_read(cards: Cards) -> None:
    for found in (cards.datasets, cards.papers, cards.findings, cards.listed):
        assert [slug for slug, entry in found.items() if not entry.card.read_in] == []


def test_every_dataset_has_a_place_or_says_that_there_is_none(cards: Cards) -> None:
    nowhere = [slug for slug, entry in cards.datasets.items() if not entry.card.sources and not entry.card.homepage]
    for slug in nowhere:
        card = cards.datasets[slug].card
        assert card.paper or card.access != "open" or card.access_note or card.notes, slug


def test_official_places_stand_before_copies(cards: Cards) -> None:
    rank = {"official": 0, "unknown": 1, "mirror": 2}
    for slug, entry in cards.datasets.items():
        ranks = [rank[place.role] for place in entry.card.sources]
        assert ranks == sorted(ranks), slug


def test_a_copy_on_the_hub_keeps_the_licence_it_states_beside_that_of_the_owners(cards: Cards) -> None:
    card = cards.datasets["medcasereasoning"].card
    assert card.licence.data == "CC-BY-4.0"
    assert {place.id: place.licence for place in card.sources if place.licence} == {
        "kevinwu23/Stanford-MedCaseReasoning": "CC-BY-4.0",
        "zou-lab/MedCaseReasoning": "MIT",
    }


def test_what_bigbio_knows_of_sets_that_had_a_card_already_is_merged_in(cards: Cards) -> None:
    for slug in ("bioasq", "head-qa", "medqa", "meqsum", "pmc-patients", "pubmedqa"):
        bigbio = cards.datasets[slug].card.bigbio
        assert bigbio is not None, slug
        assert bigbio.new, slug
    (xlsx,) = [file for file in cards.datasets["meqsum"].card.files if file.format == "xlsx"]
    assert (xlsx.rows, xlsx.layout) == (1000, "one sheet QS")
    assert (xlsx.url or "").startswith("https://github.com/abachaa/MeQSum/")
    assert sum(entry.card.bigbio is not None for entry in cards.datasets.values()) == 152


def test_lineage_says_how_only_where_the_words_are_clear(cards: Cards) -> None:
    def relation(child: str, parent: str) -> str:
        (found,) = [p.relation for p in cards.datasets[child].card.derived_from if p.dataset == parent]
        return found

    assert relation("medqa-relabelling", "medqa") == "re-annotates"
    assert relation("mirage", "bioasq") == "subset-of"
    assert relation("rumedbench", "mednli") == "translates"
    assert relation("anat-em", "an-em") == "extends"
    assert relation("medec", "medqa") == "derived-from"
    for slug, entry in cards.datasets.items():
        for parent in entry.card.derived_from:
            assert parent.relation == "derived-from" or parent.note, (slug, parent.dataset)


def test_file_paths_are_shell_patterns_without_remarks(cards: Cards) -> None:
    for slug, entry in cards.datasets.items():
        for file in entry.card.files:
            if file.path:
                assert not re.search(r"[<>…]|\.\.\.|hf://|\bin the zip\b", file.path), (slug, file.path)
                assert file.path.count("{") == file.path.count("}"), (slug, file.path)
                assert not {"", ".."} & set(file.path.split("/")), (slug, file.path)


def test_checksums_belong_to_one_file_each(cards: Cards) -> None:
    for slug, entry in cards.datasets.items():
        for file in entry.card.files:
            if file.sha256 and file.path:
                assert "*" not in file.path, (slug, file.path)


def test_no_card_speaks_of_the_place_it_was_written_in() -> None:
    for folder in card_folders():
        for path in sorted(folder.rglob("*.*")):
            if path.suffix in (".yaml", ".jsonl"):
                text = " ".join(path.read_text(encoding="utf-8").split())
                assert not (found := WORKPLACE.search(text)), f"{path.name}: {found.group()}"


def test_listed_rows_keep_the_words_of_the_list_beside_the_vocabulary(cards: Cards) -> None:
    rows = {slug: entry.card for slug, entry in cards.listed.items()}
    assert rows["105us"].modalities == ["image"]
    assert rows["105us"].modality_details == ["ultrasound"]
    assert rows["acdc"].same_as == "acdc"
    assert "breast imaging" in rows["2-million-histological-images-of-breast-cancer-tumors"].topics
    physionet = [row for row in rows.values() if row.licence == "LicenseRef-PhysioNet-Credentialed-Health-Data"]
    assert physionet
    assert all(row.licence_raw for row in physionet)
    assert sum(row.same_as is not None for row in rows.values()) == 233
    assert not [row.slug for row in rows.values() if row.name == "Dataset Name"]


def test_all_cards_are_read_within_seconds() -> None:
    begun = time.process_time()
    read_cards([cards_io.PACKAGE])
    assert time.process_time() - begun < 5


# ------------------------------------------------------------------ a user's own folder


def test_private_cards_are_read_beside_those_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy-qa.yaml").write_text(dataset("toy-qa", "derived_from: [{dataset: medqa}]\n"))
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path))
    assert card_folders() == [cards_io.PACKAGE, tmp_path]
    cards = read_cards()
    assert cards.datasets["toy-qa"].path == tmp_path / "toy-qa.yaml"
    assert len(cards.datasets) == 351


def test_a_private_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "nowhere"))
    with pytest.raises(CardError, match="REGISTRY_CARDS: is no folder"):
        card_folders()


def test_problems_of_all_files_are_told_in_one_error(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "a.yaml").write_text(dataset("a").replace("open", "opened"))
    (tmp_path / "b.yaml").write_text(dataset("other-name"))
    (tmp_path / "papers" / "p.yaml").write_text(
        "slug: p\ntitle: P\nyear: 2024\nkind: model\nsummary: S.\nuses:\n"
        "  - {dataset: a, relation: cites}\n  - {dataset: aa, relation: trains-on}\n"
    )
    told = [(p.path.name, p.line, p.where, p.message) for p in problems_of(tmp_path)]
    assert [item[:3] for item in told] == [
        ("a.yaml", 5, "access"),
        ("b.yaml", 1, "slug"),
        ("p.yaml", 8, "uses[1].dataset"),
    ]
    assert told[1][3] == "'other-name' is not the name of the file; call the file other-name.yaml"
    assert told[2][3] == "there is no dataset 'aa'; near: a"


def test_references_to_unknown_slugs_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "findings").mkdir()
    (tmp_path / "a.yaml").write_text(dataset("a", "derived_from:\n  - dataset: b\n  - dataset: a\n"))
    (tmp_path / "findings" / "f.yaml").write_text("slug: f\nkind: bias\nstatement: S.\ndatasets:\n  - a\n  - c\n")
    (tmp_path / "seeds.yaml").write_text(
        "- n: 1\n  title: T\n  arxiv: '2501.00001'\n  kinds: [dataset]\n  introduces: [a, d]\n  papers: [e]\n"
    )
    (tmp_path / "listed.jsonl").write_text(
        '{"slug": "x", "name": "X", "confidence": "low"}\n\n'
        '{"slug": "y", "name": "Y", "confidence": "low", "same_as": "z", "maybe_same_as": ["x"]}\n<html>\n'
    )
    told = {(p.path.name, p.line, p.where, p.message) for p in problems_of(tmp_path)}
    assert told == {
        ("a.yaml", 7, "derived_from[0].dataset", "there is no dataset 'b'"),
        ("a.yaml", 8, "derived_from", "a dataset is not derived from itself"),
        ("f.yaml", 6, "datasets[1]", "there is no dataset 'c'"),
        ("seeds.yaml", 5, "[0].introduces[1]", "there is no dataset 'd'"),
        ("seeds.yaml", 6, "[0].papers[0]", "there is no paper 'e'"),
        ("listed.jsonl", 3, "y.same_as", "there is no dataset 'z'"),
        ("listed.jsonl", 4, "", "Invalid JSON: expected value at line 1 column 1"),
    }


def test_a_card_may_refer_to_a_listed_dataset_also_when_the_list_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "listed.jsonl").write_text('{"slug": "x", "name": "X", "confidence": "low"}\n')
    (tmp_path / "a.yaml").write_text(dataset("a", "derived_from: [{dataset: x}]\n"))
    known = {str(item.path): item.sha256 for (kind, _), item in scan([tmp_path]).items() if kind == "listed"}
    cards = read_cards([tmp_path], known=known)
    assert list(cards.datasets) == ["a"]
    assert cards.listed == {}


def test_a_slug_that_is_defined_twice_is_refused_with_both_paths(tmp_path: Path) -> None:
    (tmp_path / "medqa.yaml").write_text(dataset("medqa"))
    (problem,) = problems_of(cards_io.PACKAGE, tmp_path)
    assert problem.path == tmp_path / "medqa.yaml"
    assert "'medqa' is defined twice, also in" in problem.message


def test_an_alias_that_is_the_slug_of_another_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(dataset("a", "aliases: [A, B]\n"))
    (tmp_path / "b.yaml").write_text(dataset("b"))
    (problem,) = problems_of(tmp_path)
    assert (problem.line, problem.where) == (6, "aliases[1]")
    assert problem.message == "'B' is the slug of another dataset"


def test_broken_rows_of_a_list_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "listed.jsonl"
    path.write_text(
        '{"slug": "x", "name": "X", "confidence": "low"}\n{"slug": "y", "name": "Y", "confidence": "sure", "nam": 1}\n'
        '{"slug": "x", "name": "X", "confidence": "low"}\n{"slug": \n'
    )
    told = [(p.line, p.where, p.message) for p in problems_of(tmp_path)]
    assert [item[:2] for item in told] == [(2, "confidence"), (2, "nam"), (3, "slug"), (4, "")]
    assert told[1][2] == "unknown key; did you mean name?"
    assert told[2][2] == "'x' is listed twice"
    assert "Invalid JSON" in told[3][2]


def test_only_changed_files_are_read_again(tmp_path: Path) -> None:
    for slug in ("a", "b"):
        (tmp_path / f"{slug}.yaml").write_text(dataset(slug))
    known = {str(item.path): item.sha256 for item in scan([tmp_path]).values()}
    assert read_cards([tmp_path], known=known) == Cards()
    (tmp_path / "b.yaml").write_text(dataset("b", "derived_from: [{dataset: a}]\n"))
    assert list(read_cards([tmp_path], known=known).datasets) == ["b"]


def test_the_fingerprint_follows_names_and_contents_and_not_places_or_times(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        (folder / "a.yaml").write_text(dataset("a"))
    before = fingerprint([first])
    assert before == fingerprint([second])
    (first / "a.yaml").touch()
    (first / "remarks.txt").write_text("no card")
    assert fingerprint([first]) == before
    (first / "a.yaml").rename(first / "b.yaml")
    assert fingerprint([first]) != before
    (second / "a.yaml").write_text(dataset("a", "aliases: [A]\n"))
    assert fingerprint([second]) != before
