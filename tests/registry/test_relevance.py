"""Whether a place is a medical dataset: what is registered, what is asked about, what is left out, and why."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from benchmarks.labelled import Judged, class_rates, judged, labels, made_observation, observed, part_of
from registry.relevance import judge


def decision(provider: str, name: str, description: str | None = None, *tags: str, **more: object) -> str:
    """The decision on a place with this name, description and tags."""
    return judge(observed(provider, name, name, description=description, tags=list(tags), **more)).decision


def test_a_dataset_with_a_medical_name_and_description_is_registered() -> None:
    verdict = judge(observed("huggingface", "a/chest-xray-reports", "a/chest-xray-reports", description="Radiology."))
    assert verdict.decision == "register"
    assert verdict.score > 0.5
    assert verdict.reasons[0] == "'chest xray' in its name"
    assert "'radiology' in its description" in verdict.reasons


def test_a_dataset_without_a_medical_word_is_ignored_and_scores_nothing() -> None:
    assert judge(observed("huggingface", "a/b", "a/b", tags=["chess"])) == (
        "ignore",
        0.0,
        ("'chess' speaks against",),
    )


def test_a_tag_is_named_as_one() -> None:
    one = observed("huggingface", "a/b", "a/b", tags=["medical"])
    assert judge(one).decision == "register"
    assert judge(one).reasons == ("tag medical",)


def test_topics_and_domain_of_openalex_count() -> None:
    bare = observed("zenodo", "10.0000/zenodo.1", "Recordings")
    told = observed("zenodo", "10.0000/zenodo.1", "Recordings", topics=["EEG analysis"], domain="Health Sciences")
    assert judge(bare).decision == "ignore"
    assert judge(told).decision == "register"
    assert "OpenAlex puts it under Health Sciences" in judge(told).reasons


def test_an_owner_known_for_medical_data_speaks_for_a_dataset() -> None:
    assert decision("huggingface", "someone/some_corpus") == "ignore"
    one = judge(observed("huggingface", "bigbio/some_corpus", "some_corpus", description="Mentions of proteins."))
    assert one.decision == "register"
    assert "owner bigbio is known for medical data" in one.reasons


def test_physionet_holds_medical_data() -> None:
    assert decision("physionet", "Waveforms of a night") == "register"


def test_a_word_counts_once_however_often_it_stands_there() -> None:
    once = judge(observed("huggingface", "a/b", "a/b", description="A patient."))
    often = judge(observed("huggingface", "a/b", "a/b", description="A patient. " * 50))
    assert once == often
    assert once.decision == "ask"


def test_a_name_says_more_than_a_description_and_that_more_than_a_body_text() -> None:
    name = judge(observed("huggingface", "a/cancer", "a/cancer"))
    description = judge(observed("huggingface", "a/b", "a/b", description="cancer"))
    body = judge(observed("huggingface", "a/b", "a/b", card_text="cancer"))
    assert name.score > description.score > body.score > 0


def test_a_body_text_alone_registers_nothing() -> None:
    text = "Patients of a hospital with cancer, diagnosis, radiology report, MRI, medication and clinical notes."
    assert decision("huggingface", "a/b", card_text=text) == "ask"


def test_a_single_word_in_a_name_is_a_question() -> None:
    verdict = judge(observed("huggingface", "user/diabetes", "user/diabetes"))
    assert verdict.decision == "ask"
    assert "a single word speaks for it" in verdict.reasons


def test_news_about_a_medical_thing_are_a_question() -> None:
    assert decision("huggingface", "a/covid-headlines", "News headlines about COVID-19 and hospitals.") == "ask"


@pytest.mark.parametrize("joined", ["BreastCancerPatients", "breast_cancer_patients", "breast-cancer-patients"])
def test_words_of_a_name_are_read_however_they_are_joined(joined: str) -> None:
    assert decision("huggingface", f"a/{joined}") == "register"


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("Krankheiten und Befunde von Patienten", id="de"),
        pytest.param("Maladies et symptômes de patients à l’hôpital", id="fr"),
        pytest.param("Enfermedades y síntomas de pacientes", id="es"),
        pytest.param("Doenças e sintomas de pacientes", id="pt"),
        pytest.param("Malattie e sintomi dei pazienti", id="it"),
        pytest.param("Болезни и симптомы пациентов", id="ru"),
        pytest.param("患者的症状与疾病诊断", id="zh"),
        pytest.param("患者の症状と医師の診断", id="ja"),
        pytest.param("환자의 증상과 질병", id="ko"),
        pytest.param("أعراض المرضى وتشخيص الأمراض", id="ar"),
        pytest.param("मरीजों के लक्षण और उपचार", id="hi"),
        pytest.param("Bệnh nhân, triệu chứng và bác sĩ", id="vi"),
        pytest.param("Pacienți, simptome și boli din spitale", id="ro"),
        pytest.param("Hastaların tedavi ve tanıları, doktorlar", id="tr"),
        pytest.param("Choroby i rozpoznania pacjentów w szpitalu", id="pl"),
        pytest.param("پزشکی، بیماران و علائم", id="fa"),
        pytest.param("Penyakit, gejala dan pasien", id="id"),
        pytest.param("Ziekten van patiënten in het ziekenhuis", id="nl"),
        pytest.param("Sjukdomar hos patienter på sjukhus", id="sv"),
    ],
)
def test_medical_words_are_known_in_many_languages(description: str) -> None:
    assert decision("huggingface", "a/b", description) == "register"


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("a/cell-phones", "Cell phone plans."),
        ("a/doctor-who", "Doctor Who transcripts."),
        ("a/battery-health", "State of health of batteries."),
        ("a/surgical-strikes", "Surgical strikes in the news."),
        ("a/obd", "Car diagnostics: trouble codes of cars."),
        ("a/malware", "Virus and trojan binaries."),
        ("a/leaves", "Wheat leaf disease in agriculture."),
        ("a/verdicts", "Drug trafficking verdicts of courts."),
        ("a/water", "Sensors of a water treatment plant."),
        ("a/solar", "Solar cell cracks."),
    ],
)
def test_medical_looking_words_of_other_worlds_do_not_count(name: str, description: str) -> None:
    assert decision("huggingface", name, description) == "ignore"


def test_a_latin_word_counts_only_as_a_whole() -> None:
    assert decision("huggingface", "a/direct-hits", "Impatient mericans, cteen.") == "ignore"


def test_on_github_data_is_told_from_lists_code_and_apps() -> None:
    medical = "pneumonia in chest X-rays of patients"
    assert decision("github", "a/b", f"A dataset of {medical}.") == "register"
    assert decision("github", "a/b", f"Detection of {medical}.") == "ask"
    assert decision("github", "a/b", f"PyTorch implementation for {medical}.") == "ignore"
    assert decision("github", "a/b", f"Dataset and code for {medical}.") == "ask"
    assert decision("github", "a/awesome-x-ray-datasets", f"Datasets of {medical}.") == "ignore"
    assert decision("github", "a/b", f"A dataset of {medical}.", fork=True) == "ask"


def test_a_repository_in_a_language_of_apps_is_code_unless_it_says_that_it_holds_data() -> None:
    verdict = judge(observed("github", "a/hospital-patients", "a/hospital-patients", programming_language="PHP"))
    assert verdict.decision == "ignore"
    assert "written in PHP" in verdict.reasons
    assert decision("github", "a/hospital-patients", programming_language="Python") == "ask"
    assert decision("github", "a/hospital-patients-dataset", programming_language="PHP") == "register"


def test_a_dataset_that_mentions_software_or_a_list_stays_a_dataset_elsewhere() -> None:
    told = "Radiology reports of patients, from a curated list of hospitals; the source code is on GitHub."
    assert decision("huggingface", "a/b", told) == "register"
    assert decision("zenodo", "Software for radiology reports of patients") == "ignore"


@pytest.mark.parametrize("kind", ["model", "space", "code"])
def test_what_is_no_dataset_is_ignored_however_medical(kind: str) -> None:
    verdict = judge(observed("huggingface", "a/radiology", "a/radiology", kind, description="Radiology reports."))
    assert verdict.decision == "ignore"
    assert verdict.score > 0.5
    assert f"a {kind} is no dataset" in verdict.reasons


def test_a_paper_is_at_most_a_question() -> None:
    def paper(title: str) -> str:
        return judge(observed("openalex", "W1", title, "paper")).decision

    assert paper("A dataset of radiology reports") == "ask"
    assert paper("Treatment of cancer patients in hospitals") == "ignore"
    assert paper("A dataset of chess games") == "ignore"


def test_fields_of_a_wrong_kind_are_passed_over() -> None:
    broken = {"description": {"a": 1}, "tags": "medical", "topics": [1, None], "domain": ["x"], "fork": "yes"}
    assert judge(observed("huggingface", "a/b", None, **broken)).decision == "register"


@lru_cache(maxsize=1)
def made() -> list[Judged]:
    return [row for row in judged(None) if row.part == "test"]


def test_labels_name_known_decisions_and_nothing_twice() -> None:
    for name, key in (("relevance_made.jsonl", ("name",)), ("relevance.jsonl", ("file", "key"))):
        items = labels(name)
        assert {item["label"] for item in items} == {"register", "ask", "ignore"}
        assert len({tuple(item[part] for part in key) for item in items}) == len(items)


def test_the_made_up_labels_hold_many_hard_negatives() -> None:
    items = labels("relevance_made.jsonl")
    assert len(items) >= 150
    assert sum(item["label"] == "ignore" for item in items) >= 90
    assert all(made_observation(item).locator == item["name"] for item in items)


def test_dev_and_test_are_parted_by_the_reference_alone() -> None:
    parts = [part_of(item["name"]) for item in labels("relevance_made.jsonl")]
    assert 0.5 < parts.count("dev") / len(parts) < 0.7


def test_the_rule_holds_on_made_up_labels_it_was_not_tuned_on() -> None:
    register, ignore = class_rates(made(), "register"), class_rates(made(), "ignore")
    assert register.precision is not None
    assert register.precision >= 0.90
    assert ignore.recall is not None
    assert ignore.recall >= 0.90


def test_the_rule_holds_on_real_labels_it_was_not_tuned_on(shared: Path) -> None:
    rows = [row for row in judged(shared) if (row.group, row.part) == ("real", "test")]
    register, ignore = class_rates(rows, "register"), class_rates(rows, "ignore")
    assert register.precision is not None
    assert register.precision >= 0.93
    assert register.recall is not None
    assert register.recall >= 0.85
    assert ignore.recall is not None
    assert ignore.recall >= 0.92
    assert not [row.name for row in rows if (row.label, row.decision) == ("ignore", "register")]
