"""Works that look like they report something about a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.labelled import Suspected, labels, rates, suspected
from registry.suspicion import suspect
from registry.vocabulary import FINDING_KIND


def kinds(title: str | None, abstract: str | None = None) -> list[str]:
    """The kinds that are suspected, surest first."""
    return [one.kind for one in suspect(title, abstract)]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Shortcut learning in chest radiograph classifiers", "shortcut"),
        ("Spurious correlations in dermoscopy images", "shortcut"),
        ("Mislabelled images in a retinal dataset", "label-error"),
        ("Demographic bias of a skin lesion dataset", "bias"),
        ("Data leakage in histopathology studies", "leakage"),
        ("Benchmark contamination of medical language models", "contamination"),
        ("Near-duplicate images in public dermatology datasets", "duplicate"),
        ("Retraction: a deep learning model of autism", "retraction"),
        ("Dataset licensing in medical AI", "licence"),
        ("Missing metadata in public skin image datasets", "missing-metadata"),
        ("Re-annotation of a chest X-ray dataset", "extra-annotations"),
        ("Augmenting a mammography dataset with lesion masks", "extra-annotations"),
    ],
)
def test_each_kind_of_finding_is_known_by_its_title(title: str, kind: str) -> None:
    assert kinds(title)[0] == kind


@pytest.mark.parametrize(
    "title",
    [
        "Bias of the maximum likelihood estimator",
        "Shortcut connections in residual networks for MRI images",
        "Anastomotic leakage after colorectal surgery",
        "Gene duplication in vertebrates",
        "Contamination of drinking water",
        "Bias field correction for MRI images with deep learning",
        "Publication bias in meta-analyses of machine learning",
        "Label-free imaging of cells with deep learning",
        "Off-label use of drugs in children",
        "A benchmark for the medical licensing examination",
        "Retraction of the eyelid",
        "MedBench: a benchmark for medical question answering",
    ],
)
def test_the_same_words_with_another_meaning_do_not_count(title: str) -> None:
    assert kinds(title) == []


def test_the_words_are_given_as_they_stand_in_the_text() -> None:
    (one,) = suspect("Spurious  Correlations in a public dataset", None)
    assert one.words[0] == "Spurious  Correlations"
    assert one.kind in FINDING_KIND
    assert 0.5 <= one.score <= 1


def test_a_title_says_more_than_an_abstract() -> None:
    words = "Mislabelled images are frequent in the dataset."
    (title,), (abstract,) = suspect(words, None), suspect("A study", words)
    assert title.score > abstract.score


def test_one_loose_word_of_an_abstract_is_not_enough() -> None:
    assert kinds("A study of radiographs", "We discuss bias of models on medical images.") == []


def test_the_words_must_stand_in_one_sentence() -> None:
    assert kinds("A study", "Patients had confounders. Deep learning was not used.") == []


def test_a_work_can_speak_of_several_kinds() -> None:
    assert set(kinds("Data leakage and label errors in a public dataset")) == {"leakage", "label-error"}


def test_nothing_is_suspected_of_nothing() -> None:
    assert suspect(None, None) == []
    assert suspect("", "") == []


def found_in(rows: list[Suspected]) -> tuple[float, float, float]:
    """Precision, recall, and recall of those whose title speaks of a problem."""
    whole = rates([(bool(row.kinds), bool(row.found)) for row in rows])
    spoken = rates([(True, bool(row.found)) for row in rows if row.speaks])
    return whole.precision or 0.0, whole.recall or 0.0, spoken.recall or 0.0


def test_labels_name_known_kinds_and_nothing_twice() -> None:
    made, real = labels("suspicion_made.jsonl"), labels("suspicion.jsonl")
    assert {kind for item in made + real for kind in item["kinds"]} <= {*FINDING_KIND}
    assert len({item["title"] for item in made}) == len(made)
    assert len({(item["file"], item["key"]) for item in real}) == len(real)
    assert sum(not item["kinds"] for item in made) >= 80


def test_the_rule_holds_on_made_up_labels_it_was_not_tuned_on() -> None:
    precision, recall, _ = found_in([row for row in suspected(None) if row.part == "test"])
    assert precision >= 0.80
    assert recall >= 0.90


def test_the_rule_holds_on_real_labels_it_was_not_tuned_on(shared: Path) -> None:
    rows = [row for row in suspected(shared) if (row.group, row.part) == ("real", "test")]
    precision, recall, spoken = found_in(rows)
    assert precision >= 0.90
    assert recall >= 0.35
    assert spoken >= 0.85
