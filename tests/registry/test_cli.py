"""The command line: what it prints, on which stream, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import cards
from tests.support.command import run


@pytest.mark.usefixtures("embedded_catalogue_url")
class TestBrowse:
    def test_search_prints_a_table_and_the_number_of_hits(self) -> None:
        done = run("search", "romanian", "oncology")
        assert done.returncode == 0
        assert done.stdout.splitlines()[1].startswith("medqaro\tcurated")
        assert done.stderr.strip() == "1-1 of 1 datasets"

    def test_search_as_json(self) -> None:
        found = json.loads(run("search", "romanian", "--json").stdout)
        assert "medqaro" in [row["slug"] for row in found["datasets"]]

    def test_a_mended_search_says_so(self) -> None:
        assert "showing: pubmedqa" in run("search", "pubmdqa").stderr

    def test_list_takes_filters(self) -> None:
        found = json.loads(run("list", "--language", "ro", "--status", "curated", "--json").stdout)
        assert "medqaro" in [row["slug"] for row in found["datasets"]]
        assert all("ro" in row["languages"] for row in found["datasets"])

    def test_info_tells_findings_licence_and_how_to_load(self) -> None:
        told = run("info", "medqaro").stdout
        for words in (
            "CC-BY-NC-SA-4.0",
            "[shortcut, confirmed]",
            'registry.load("medqaro")',
            "commercial use is forbidden",
        ):
            assert words in told

    def test_info_as_json(self) -> None:
        assert json.loads(run("info", "medqaro", "--json").stdout)["slug"] == "medqaro"

    def test_changes_as_json(self) -> None:
        found = json.loads(run("changes", "--dataset", "medqaro", "--json").stdout)
        assert "added" in [row["kind"] for row in found]

    @pytest.mark.parametrize("form", ["bibtex", "apa", "csl-json", "cff", "croissant", "json", "csv"])
    def test_export_writes_each_format(self, form: str, tmp_path: Path) -> None:
        done = run("export", form, "medqaro", "--out", str(tmp_path / "out"))
        assert (done.returncode, done.stderr) == (0, "")
        assert "MedQARo" in (tmp_path / "out").read_text()

    def test_export_of_the_whole_catalogue(self) -> None:
        assert len(run("export", "csv").stdout.splitlines()) == 2282


@pytest.mark.usefixtures("embedded_catalogue_url")
class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["info", "medcq"], "Did you mean"),
            (["load", "medcq"], "Did you mean"),
            (["list", "--task", "guessing"], "it is one of"),
            (["changes", "--since", "yesterday"], "2026-11-01"),
            (["export", "pdf", "medqaro"], "it is one of"),
            (["export", "bibtex"], "name the datasets"),
            (["validate", "nowhere.yaml"], "there is no file"),
            (["load", "medec", "--format", "docx"], "it is one of"),
            (["harvest", "--source", "altavista"], "it is one of"),
        ],
    )
    def test_wrong_use_is_one_message_and_exit_code_2(self, arguments: list[str], told: str) -> None:
        done = run(*arguments)
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""

    def test_a_database_that_cannot_be_reached_is_exit_code_1(self) -> None:
        done = run("list", REGISTRY_DATABASE_URL="postgresql://u:secret@127.0.0.1:9/x")
        assert done.returncode == 1
        assert done.stderr.startswith("registry: the catalogue at postgresql")
        assert "secret" not in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_broken_private_card_is_told_with_all_its_problems(self, tmp_path: Path) -> None:
        path = cards.dataset(tmp_path, "broken", tasks=["guessing"], access="maybe", colour="blue")
        for done in (run("validate", str(path)), run("list", REGISTRY_CARDS=str(tmp_path))):
            assert done.returncode == 1
            assert "3 problems" in done.stderr
            assert f"{path}:" in done.stderr

    def test_a_good_card_is_said_to_be_good(self, tmp_path: Path) -> None:
        done = run("validate", str(cards.dataset(tmp_path, "wards")))
        assert (done.returncode, done.stdout) == (0, "1 card without a problem\n")


@pytest.fixture
def wards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private dataset of two splits; the folder of its files, of which the test split is not there."""
    load = {
        "schema": "question_answer",
        "source": "hand-over",
        "read": {"format": "csv"},
        "splits": {"train": "train.csv", "test": "test.csv"},
        "fields": {"question": "Q", "answers": ["A", "list"]},
    }
    cards.dataset(tmp_path / "cards", "wards", load=load)
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "cards"))
    files = tmp_path / "files"
    files.mkdir()
    (files / "train.csv").write_text("Q,A\nWhich ward?,Ward 3\nWhich bed?,Bed 7\n")
    return files


@pytest.mark.usefixtures("embedded_catalogue_url")
class TestLoad:
    def test_a_split_is_written_in_each_format_with_its_manifest(self, wards: Path, tmp_path: Path) -> None:
        for form in ("parquet", "jsonl", "csv"):
            done = run(
                "load", "wards", "--split", "train", "--files", str(wards), "--out", str(tmp_path), "--format", form
            )
            assert (done.returncode, done.stdout.splitlines()[1]) == (0, "train\t2\tquestion_answer\t1")
            assert (tmp_path / "wards" / f"train.{form}").stat().st_size
        row = json.loads((tmp_path / "wards" / "train.jsonl").read_text().splitlines()[0])
        assert (row["question"], row["answers"]) == ("Which ward?", ["Ward 3"])
        assert json.loads((tmp_path / "wards" / "manifest.json").read_text())["splits"]["train"]["rows"] == 2

    def test_what_is_not_there_is_told_and_the_exit_code_says_in_part(self, wards: Path) -> None:
        done = run("load", "wards", "--files", str(wards))
        assert done.returncode == 3
        assert "test.csv" in done.stderr
        assert "train\t2" in done.stdout

    def test_a_named_split_that_is_not_there_is_a_failure(self, wards: Path, tmp_path: Path) -> None:
        done = run("load", "wards", "--split", "test", "--files", str(wards), "--out", str(tmp_path / "out"))
        assert done.returncode == 1
        assert "test.csv" in done.stderr
        assert not (tmp_path / "out").exists()

    def test_a_split_that_does_not_exist_is_wrong_use(self, wards: Path) -> None:
        done = run("load", "wards", "--split", "dev", "--files", str(wards))
        assert done.returncode == 2
        assert "it is one of: train, test" in done.stderr

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "empty"),
            (b"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML"),
            (b"Q,Answer\na,b\n", "'A'"),
            (b"Q,A\nna\xefve,b\n", "UTF-8"),
        ],
    )
    def test_a_file_that_is_not_what_the_card_says_is_one_message(self, wards: Path, content: bytes, told: str) -> None:
        (wards / "train.csv").write_bytes(content)
        done = run("load", "wards", "--split", "train", "--files", str(wards))
        assert done.returncode == 1
        assert told.lower() in done.stderr.lower()
        assert "train.csv" in done.stderr
        assert "Traceback" not in done.stderr

    def test_medqaro_without_its_files_says_which_from_where_and_where_to(self) -> None:
        done = run("load", "medqaro", "--offline")
        assert done.returncode == 1
        for words in (
            "romedqa_train_dataset.csv",
            "romedqa_val_dataset.csv",
            "romedqa_test_dataset.csv",
            "drive.proton.me",
        ):
            assert words in done.stderr

    def test_a_use_that_the_licence_forbids_is_refused_with_the_reason(self) -> None:
        done = run("load", "medqaro", "--use", "commercial", "--offline")
        assert done.returncode == 1
        assert "CC-BY-NC-SA-4.0" in done.stderr


class TestUpkeep:
    def test_status_of_an_empty_database_says_how_it_is_filled(self) -> None:
        done = run("db", "status")
        assert done.returncode == 0
        assert "filled on first use" in done.stderr

    def test_upgrade_fills_it_and_status_counts(self) -> None:
        assert run("db", "upgrade").returncode == 0
        told = json.loads(run("db", "status", "--json").stdout)
        assert told["schema"] == told["needs"]
        assert told["datasets"] == {"curated": 350, "listed": 1931}
        assert told["findings"] == 243

    def test_doctor_finds_nothing_wrong(self) -> None:
        done = run("doctor", "--json")
        assert done.returncode == 0
        assert {row["what"] for row in json.loads(done.stdout)} >= {"database", "cards", "mirror", "hf_token"}

    def test_doctor_never_prints_a_token(self) -> None:
        done = run("doctor", HF_TOKEN="hf_verysecret")
        assert "hf_verysecret" not in done.stdout + done.stderr

    def test_every_command_has_help_with_an_example(self) -> None:
        from typer.main import get_command

        from registry.cli import app

        def commands(group: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
            found = []
            for name, command in group.commands.items():  # type: ignore[attr-defined]
                found += commands(command, (*path, name)) if hasattr(command, "commands") else [(*path, name)]
            return found

        for path in commands(get_command(app)):
            told = run(*path, "--help").stdout
            assert "Example: registry" in told, path


@pytest.fixture
def ward_notes(tmp_path: Path, embedded_catalogue_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private card whose files lie in a mirror; the folder of both."""
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/ward-notes.yaml").write_text(
        "slug: ward-notes\nname: Ward notes\nkind: dataset\nsummary: Made up.\naccess: manual\n"
        "load:\n  schema: text\n  source: hand-over\n  fields: {text: text}\n"
        "  splits: {训练: train.csv, 测试: test.csv}\n",
        encoding="utf-8",
    )
    (tmp_path / "from/ward-notes").mkdir(parents=True)
    (tmp_path / "from/ward-notes/train.csv").write_text("text\none\ntwo\n")
    (tmp_path / "from/ward-notes/test.csv").write_text("text\nthree\n")
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "cards"))
    monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "from"))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    return tmp_path


class TestKeep:
    def test_a_dataset_is_loaded_mirrored_verified_and_cleaned(self, ward_notes: Path) -> None:
        out = ward_notes / "out"
        assert run("load", "ward-notes", "--out", str(out), "--format", "jsonl").returncode == 0
        assert sorted(path.name for path in (out / "ward-notes").iterdir()) == [
            "manifest.json",
            "测试.jsonl",
            "训练.jsonl",
        ]
        done = run("mirror", "ward-notes", "--to", str(ward_notes / "to"))
        assert done.returncode == 0, done.stderr
        assert "ward-notes\t2\t" in done.stdout
        told = json.loads(run("verify", "ward-notes", "--json", REGISTRY_MIRROR=str(ward_notes / "to")).stdout)
        assert {row["state"] for row in told} == {"ok"}
        (ward_notes / "to/ward-notes/test.csv").write_text("text\nfour\n")
        done = run("verify", "ward-notes", REGISTRY_MIRROR=str(ward_notes / "to"))
        assert done.returncode == 1
        assert "files that are not what they should be: 1" in done.stderr
        assert "records\tward-notes\t2\t" in run("cache", "list").stdout
        assert "2 entries" in run("cache", "clean", "--kind", "records").stdout
        assert "records" not in run("cache", "list").stdout

    def test_what_is_missing_is_done_in_part(self, ward_notes: Path) -> None:
        (ward_notes / "from/ward-notes/test.csv").unlink()
        done = run("mirror", "ward-notes", "--to", str(ward_notes / "to"))
        assert done.returncode == 3
        assert "ward-notes: test.csv" in done.stderr
        assert run("load", "ward-notes").returncode == 3
        assert run("verify", "ward-notes").returncode == 3

    def test_wrong_use_is_told(self, ward_notes: Path) -> None:
        for arguments, message in (
            (("cache", "clean"), "say what"),
            (("cache", "list", "no-such-slug"), "no dataset is called"),
            (("cache", "clean", "--kind", "recods"), "kind cannot be 'recods'"),
            (("mirror", "ward-notes", "--to", str(ward_notes / "cards/ward-notes.yaml")), "takes a folder"),
        ):
            done = run(*arguments)
            assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
            assert message in done.stderr

    def test_a_dataset_without_a_mapping_is_carried_over_with_the_one_that_was_recognised(
        self, ward_notes: Path
    ) -> None:
        (ward_notes / "cards/visits.yaml").write_text(
            "slug: visits\nname: Visits\nkind: dataset\nsummary: Made up.\naccess: manual\n"
        )
        (ward_notes / "from/visits").mkdir()
        rows = "".join(f'{{"question": "What is it {n}?", "answer": "A cold {n}"}}\n' for n in range(20))
        (ward_notes / "from/visits/train.jsonl").write_text(rows)
        done = run("mirror", "visits", "--to", str(ward_notes / "to"))
        assert done.returncode == 0, done.stderr
        assert "recognised as question_answer" in done.stderr
        there = {"REGISTRY_MIRROR": str(ward_notes / "to"), "REGISTRY_CARDS": str(ward_notes / "to/cards")}
        done = run("load", "visits", **there, REGISTRY_DATABASE_URL=f"sqlite:///{ward_notes / 'other.db'}")
        assert done.stdout.splitlines()[1:] == ["train\t20\tquestion_answer\t1"]
        assert "recognised" not in done.stderr
