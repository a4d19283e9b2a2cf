"""Cards become Croissant that the reference validator takes, and say no more than the card knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry import cards_io
from registry.card import DatasetCard, File, LicenceStated, Paper, Place
from registry.croissant_export import NO_CHECKSUM, croissant_card
from registry.licences import licence

SHA = "ab" * 32
REPOSITORY = {"sources": [Place(provider="github", id="toys/toyqa", role="official")]}


def card(*files: File, **more: object) -> DatasetCard:
    facts = {"slug": "toyqa", "name": "ToyQA", "kind": "dataset", "summary": "Toy\n questions.", "access": "open"}
    return DatasetCard.model_validate(facts | {"files": list(files)} | more)


def problems(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Errors and warnings of the reference validator."""
    import mlcroissant

    try:
        issues = mlcroissant.Dataset(json.loads(json.dumps(document))).metadata.ctx.issues
    except mlcroissant.ValidationError as error:
        return {str(error)}, set()
    return issues.errors, issues.warnings


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["@id"]: part for part in document.get("distribution", [])}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    yield
    logging.set_verbosity(before)


def test_all_cards_validate_without_an_error() -> None:
    cards = [entry.card for entry in cards_io.read_cards([cards_io.PACKAGE]).datasets.values()]
    assert len(cards) == 350
    wrong = {one.slug: errors for one in cards if (errors := problems(croissant_card(one))[0])}
    assert wrong == {}


def test_the_validator_warns_only_of_a_date_a_version_and_where_unknown_a_licence() -> None:
    known = card(licence=LicenceStated(data="MIT"), paper=Paper(title="ToyQA", year=2025))
    warnings = problems(croissant_card(known))[1]
    assert {warning.split('"')[1].rpartition("/")[2] for warning in warnings} == {"datePublished", "version"}


def test_the_descriptive_part_comes_from_the_card() -> None:
    found = croissant_card(
        card(
            aliases=["TQA"],
            homepage="https://example.org/toyqa",
            languages=["ro", "en"],
            tasks=["open-qa"],
            modalities=["text"],
            licence=LicenceStated(data="CC-BY-NC-4.0"),
            **REPOSITORY,
        )
    )
    assert (found["name"], found["alternateName"], found["description"]) == ("ToyQA", ["TQA"], "Toy questions.")
    assert found["url"] == "https://example.org/toyqa"
    assert found["sameAs"] == ["https://github.com/toys/toyqa"]
    assert found["inLanguage"] == ["ro", "en"]
    assert found["keywords"] == ["open-qa", "text"]
    assert found["citeAs"].startswith("@misc{toyqa,")
    assert found["conditionsOfAccess"] == "open"


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ("CC-BY-NC-4.0", "https://spdx.org/licenses/CC-BY-NC-4.0.html"),
        ("LicenseRef-n2c2-DUA", "LicenseRef-n2c2-DUA"),
        (
            "CC-BY-3.0 AND CC-BY-2.0",
            ["https://spdx.org/licenses/CC-BY-3.0.html", "https://spdx.org/licenses/CC-BY-2.0.html"],
        ),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
    ],
)
def test_the_licence_is_written_so_that_it_is_read_back_as_the_same(stated: str, written: str | list[str]) -> None:
    document = croissant_card(card(licence=LicenceStated(data=stated)))
    assert document["license"] == written
    assert licence(document["license"]).spdx == stated
    assert problems(document)[0] == set()


def test_an_unknown_licence_and_empty_facts_are_left_out() -> None:
    found = croissant_card(card())
    assert {"license", "inLanguage", "distribution", "recordSet", "url"} & found.keys() == set()


# ------------------------------------------------------------------ files


def test_a_file_with_a_checksum_is_a_file_object_with_its_full_address() -> None:
    document = croissant_card(card(File(path="data/my test.csv", format="csv", bytes=12, sha256=SHA), **REPOSITORY))
    (file,) = document["distribution"]
    assert file["@type"] == "cr:FileObject"
    assert file["contentUrl"] == "https://raw.githubusercontent.com/toys/toyqa/HEAD/data/my%20test.csv"
    assert (file["sha256"], file["contentSize"], file["encodingFormat"]) == (SHA, "12 B", "text/csv")
    assert problems(document)[0] == set()


def test_a_pinned_place_gives_pinned_addresses() -> None:
    place = Place(provider="huggingface", id="toys/toyqa", revision="c0ffee")
    document = croissant_card(card(File(path="a.parquet", format="parquet", sha256=SHA), sources=[place]))
    assert document["distribution"][0]["contentUrl"].endswith("/datasets/toys/toyqa/resolve/c0ffee/a.parquet")


def test_a_file_without_a_checksum_is_told_as_part_of_its_repository() -> None:
    document = croissant_card(
        card(
            File(path="a.csv", format="csv"),
            File(path="{train,test}/*.png", format="image", source="hf:toys/pictures"),
            **REPOSITORY,
        )
    )
    found = by_id(document)
    assert found["github/toys/toyqa"]["sha256"] == NO_CHECKSUM
    assert found["a.csv"]["containedIn"] == {"@id": "github/toys/toyqa"}
    pictures = found["train-test-/-.png"]
    assert pictures["containedIn"] == {"@id": "huggingface/toys/pictures"}
    assert pictures["includes"] == ["train/*.png", "test/*.png"]
    assert pictures["encodingFormat"] == "image/png"
    assert problems(document)[0] == set()


def test_a_file_elsewhere_without_a_checksum_is_named_with_its_address_and_no_made_up_checksum() -> None:
    document = croissant_card(card(File(path="a.zip", url="https://example.org/a.zip", container="zip")))
    (file,) = document["distribution"]
    assert (file["@type"], file["includes"]) == ("cr:FileSet", ["a.zip"])
    assert file["description"] == "Found at https://example.org/a.zip."
    assert "sha256" not in file
    assert problems(document)[0] == set()


def test_the_members_of_an_archive_are_a_set_in_it_and_remarks_are_not_taken_for_names() -> None:
    archive = File(
        path="a.tar.gz",
        url="https://example.org/a.tar.gz",
        container="tar.gz",
        format="xml",
        sha256=SHA,
        members=["a/{train,test}.xml", "a/fold-{1..3}.xml", "two XML files, HOW and WHY"],
    )
    document = croissant_card(card(archive))
    members = by_id(document)["a.tar.gz/members"]
    assert members["containedIn"] == {"@id": "a.tar.gz"}
    assert members["encodingFormat"] == "application/xml"
    assert members["includes"] == ["a/train.xml", "a/test.xml", "a/fold-1.xml", "a/fold-2.xml", "a/fold-3.xml"]
    assert problems(document)[0] == set()


def test_two_files_of_one_name_get_ids_of_their_own() -> None:
    same = [File(path="a.csv", url=f"https://example.org/{n}/a.csv", sha256=SHA) for n in (1, 2)]
    document = croissant_card(card(*same))
    assert list(by_id(document)) == ["a.csv", "a.csv-2"]
    assert problems(document)[0] == set()


def test_a_pattern_of_endless_alternatives_stays_a_single_pattern() -> None:
    endless = File(path="{a,b}" * 12 + ".csv", format="csv", url="https://example.org/")
    assert croissant_card(card(endless))["distribution"][0]["includes"] == [endless.path]


# ------------------------------------------------------------------ records


def records_of(file: File) -> list[dict[str, Any]]:
    document = croissant_card(card(file))
    assert problems(document)[0] == set()
    found: list[dict[str, Any]] = document.get("recordSet", [])
    return found


def table(*columns: str, **more: object) -> File:
    facts = {"path": "a.csv", "format": "csv", "url": "https://example.org/a.csv", "sha256": SHA, "splits": ["train"]}
    return File.model_validate(facts | {"columns": list(columns)} | more)


def test_a_text_table_of_named_columns_is_a_record_set() -> None:
    (records,) = records_of(table("(index)", "Question", "问题", "Answer key"))
    assert records["@id"] == "records/train"
    assert [field["name"] for field in records["field"]] == ["Question", "问题", "Answer key"]
    assert records["field"][0]["source"] == {"fileObject": {"@id": "a.csv"}, "extract": {"column": "Question"}}


@pytest.mark.parametrize(
    "file",
    [
        table("entities[]: start, end", "text"),
        table("text", "text"),
        table("text", layout="no header; pid, text"),
        table("text", format="parquet"),
        table("text", format="json"),
        table("text", container="zip"),
        table(),
    ],
    ids=["described", "twice", "without header", "typed", "nested", "packed", "unknown"],
)
def test_no_record_set_is_made_where_the_columns_are_not_plainly_known(file: File) -> None:
    assert records_of(file) == []


def test_a_table_reads_back_through_the_reference_reader(tmp_path: Path) -> None:
    import mlcroissant

    data = tmp_path / "a.csv"
    data.write_text("Question,Answer\nWhat is it?,a toy\n", encoding="utf-8")
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    document = croissant_card(card(table("Question", "Answer", sha256=digest)))
    document["distribution"][0]["contentUrl"] = "a.csv"
    metadata = tmp_path / "croissant.json"
    metadata.write_text(json.dumps(document), encoding="utf-8")
    (row,) = mlcroissant.Dataset(metadata).records("records/train")
    assert {key.rpartition("/")[2]: value for key, value in row.items()} == {
        "Question": b"What is it?",
        "Answer": b"a toy",
    }
