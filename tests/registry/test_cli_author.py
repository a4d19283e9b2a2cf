"""`registry new` and `registry validate`: drafts of cards, and cards held against their files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from registry.card import DatasetCard
from registry.yamlio import load_yaml
from tests.support import cards
from tests.support.command import run
from tests.support.recognised import BranchedHub, front_matter, write_files

QA = [{"id": f"q{n}", "question": f"What is it {n}?", "answer": f"A cold {n}"} for n in range(9)]


@pytest.mark.usefixtures("embedded_catalogue_url")
class TestNew:
    def test_a_folder_becomes_a_draft_that_passes_and_loads(self, tmp_path: Path) -> None:
        write_files(tmp_path / "files", {"train.jsonl": QA, "test.csv": QA[:3]})
        out = tmp_path / "cards" / "ward-notes.yaml"
        done = run("new", "ward-notes", "--files", str(tmp_path / "files"), "--out", str(out))
        assert (done.returncode, done.stderr) == (0, "")
        assert "schema question_answer" in done.stdout
        made = load_yaml(out)
        assert list(made) == [name for name in DatasetCard.model_fields if name in made]
        answers = ["answer", {"null_if": [""]}, "list"]
        assert made["load"]["fields"] == {"question": "question", "answers": answers, "id": "id"}
        body = (tmp_path / "files" / "train.jsonl").read_bytes()
        assert made["files"][0] == {
            "path": "train.jsonl",
            "format": "jsonl",
            "splits": ["train"],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "columns": ["id", "question", "answer"],
        }
        assert "confidence 1.00" in made["unsure"][0]
        checked = run("validate", str(out), "--files", str(tmp_path / "files"))
        assert (checked.returncode, checked.stderr) == (0, "")

    def test_a_card_that_is_there_is_never_written_over(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"files/train.jsonl": QA, "ward-notes.yaml": "mine\n"})
        done = run("new", "ward-notes", "-f", str(tmp_path / "files"), "-o", str(tmp_path / "ward-notes.yaml"))
        assert done.returncode == 2
        assert "is left as it is" in done.stderr
        assert (tmp_path / "ward-notes.yaml").read_text() == "mine\n"

    def test_what_is_not_sure_is_a_draft_of_the_raw_table(self, tmp_path: Path) -> None:
        write_files(tmp_path / "files", {"train.jsonl": [{"alpha": n, "beta": f"words {n}"} for n in range(9)]})
        out = tmp_path / "odd.yaml"
        done = run("new", "odd", "-f", str(tmp_path / "files"), "-o", str(out))
        assert done.returncode == 0
        assert "alpha, beta" in done.stderr
        assert load_yaml(out)["load"]["schema"] == "table"
        assert run("validate", str(out)).returncode == 0

    def test_a_repository_of_the_hub_tells_licence_languages_and_tasks(self, tmp_path: Path) -> None:
        told = {
            "pretty_name": "Ward Notes",
            "license": "cc-by-4.0",
            "language": ["en", "de"],
            "task_categories": ["question-answering"],
        }
        readme = front_matter(told) + "\nQuestions that were asked on wards, with answers, made up for a test.\n"
        write_files(tmp_path / "repo", {"data/train.jsonl": QA, "README.md": readme})
        out = tmp_path / "ward-notes.yaml"
        with BranchedHub({"o/n": tmp_path / "repo"}) as hub:
            done = run("new", "ward-notes", "--from", "hf:o/n", "-o", str(out), HF_ENDPOINT=hub.address)
        assert (done.returncode, done.stderr) == (0, "")
        made = load_yaml(out)
        assert (made["name"], made["licence"]["data"], made["languages"]) == ("Ward Notes", "CC-BY-4.0", ["en", "de"])
        assert made["summary"].startswith("Questions that were asked on wards")
        assert made["sources"] == [{"provider": "huggingface", "id": "o/n"}]
        assert (made["load"]["source"], made["load"]["revision"]) == ("hf:o/n", hub.commit)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["new", "no-such-set"], "no dataset is called"),
            (["new", "x", "--from", "nowhere"], "is no source"),
            (["new", "Bad Slug", "--from", "hf:o/n"], "cannot be a slug"),
        ],
    )
    def test_wrong_use_is_one_message(self, arguments: list[str], told: str, tmp_path: Path) -> None:
        done = run(*arguments, "--out", str(tmp_path / "x.yaml"))
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "x.yaml").exists()


def ward_card(folder: Path, **fields: Any) -> Path:
    load = {
        "schema": "question_answer",
        "source": "hand-over",
        "read": {"format": "jsonl"},
        "fields": {"id": "id", "question": "question", "answers": ["answer", "list"]},
        "splits": {"train": {"files": "train.jsonl", "count": 9}, "test": "test.jsonl"},
    }
    return cards.dataset(folder, "wards", **{"load": load, **fields})


class TestValidate:
    @pytest.fixture
    def files(self, tmp_path: Path) -> Path:
        write_files(tmp_path / "files", {"train.jsonl": QA, "test.jsonl": QA[:2]})
        return tmp_path / "files"

    def test_a_card_that_fits_its_files_is_without_a_problem(self, files: Path, tmp_path: Path) -> None:
        path = ward_card(tmp_path, files=[{"path": "train.jsonl", "columns": ["id", "question", "answer"]}])
        done = run("validate", str(path), "--files", str(files))
        assert (done.returncode, done.stdout, done.stderr) == (0, "1 card without a problem\n", "")

    def test_all_that_differs_is_told_with_the_cards_lines(self, files: Path, tmp_path: Path) -> None:
        (files / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QA[:5]), encoding="utf-8")
        (files / "test.jsonl").write_text(json.dumps({"id": "1", "question": "What?"}) + "\n", encoding="utf-8")
        listed = [
            {"path": "train.jsonl", "sha256": "0" * 64, "bytes": 1, "columns": ["question", "gone"]},
            {"path": "lost.jsonl", "columns": ["x"]},
        ]
        path = ward_card(tmp_path, files=listed)
        done = run("validate", str(path), "--files", str(files))
        assert done.returncode == 1
        lines = path.read_text().splitlines()
        for words, place in (
            ("is 9, and 5 rows were loaded", "count: 9"),
            ("does not load", "test: test.jsonl"),
            ("is that of another file", "sha256:"),
            ("gone not in the file", "columns:"),
            ("lost.jsonl is not here", "path: lost.jsonl"),
        ):
            (told,) = [line for line in done.stderr.splitlines() if words in line]
            number = int(told.split(f"{path}:")[1].split(":")[0])
            assert place in lines[number - 1]

    def test_files_of_a_mirror_are_checked_and_those_that_it_lacks_are_not_missed(self, tmp_path: Path) -> None:
        write_files(tmp_path / "mirror" / "wards", {"train.jsonl": QA[:5]})
        done = run("validate", str(ward_card(tmp_path)), REGISTRY_MIRROR=str(tmp_path / "mirror"))
        assert done.returncode == 1
        assert "1 problem " in done.stderr
        assert "is 9, and 5 rows were loaded" in done.stderr

    def test_wrong_use(self, files: Path, tmp_path: Path) -> None:
        path = str(ward_card(tmp_path))
        assert "there is no" in run("validate", path, "--files", str(tmp_path / "gone")).stderr
        done = run("validate", path, path, "--files", str(files))
        assert (done.returncode, "one by one" in done.stderr) == (2, True)
