"""The training scripts of examples/, run as they stand on rows of real files, and what they rest on."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from loaders.tokens import IGNORED, Tokens, of_rows
from tests.support.trained import tokenizer_of

EXAMPLES = Path(__file__).parents[1] / "examples"
GUIDE = EXAMPLES.parent / "docs" / "training.md"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run beside one another: threads that wait for processors take longer than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def real(shared: Path, embedded_catalogue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_MIRROR", str(shared / "data"))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")


@pytest.fixture
def tokenizer(tmp_path: Path) -> str:
    path = tmp_path / "tokenizer.json"
    tokenizer_of("byte_chatml").save(str(path))
    return str(path)


def run(monkeypatch: pytest.MonkeyPatch, script: str, *words: object) -> Any:
    """What a script leaves in `losses`, run as a program."""
    monkeypatch.setattr(sys, "argv", [script, *map(str, words)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runpy.run_path(str(EXAMPLES / script), run_name="__main__").get("losses")


def imported(script: str, name: str) -> Any:
    return runpy.run_path(str(EXAMPLES / script))[name]


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_a_script_is_short_and_tells_its_options(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len((EXAMPLES / script).read_text(encoding="utf-8").splitlines()) <= 80
    with pytest.raises(SystemExit, match="0"):
        run(monkeypatch, script, "--help")
    assert {"dataset", "tokenizer", "--steps"} <= set(re.findall(r"[-\w]+", capsys.readouterr().out))


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("pubmedqa", ["--layout", "packed", "--batch-size", 4]),
        ("medec", ["--layout", "padded", "--batch-size", 4, "--split", "validation"]),
        ("casimedicos-arg", ["--layout", "varlen", "--batch-size", 1]),
    ],
)
def test_plain_pytorch_learns(
    dataset: str, words: list[Any], real: None, tokenizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = run(monkeypatch, "train_plain.py", dataset, tokenizer, "--steps", 20, *words)
    assert len(losses) == 20
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_plain_pytorch_goes_on_exactly_from_a_checkpoint(
    real: None, tokenizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(monkeypatch, "train_plain.py", "casimedicos-arg", tokenizer, "--batch-size", 2, "--steps", 6)
    words = ["casimedicos-arg", tokenizer, "--batch-size", 2, "--checkpoint", tmp_path / "run.pt"]
    begun = run(monkeypatch, "train_plain.py", *words, "--steps", 4)
    assert begun + run(monkeypatch, "train_plain.py", *words, "--steps", 6) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_the_trainer_learns_from_packs(
    workers: int, real: None, tokenizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--steps", 20, "--batch-size", 2, "--workers", workers, "--output", tmp_path]
    first, last = run(monkeypatch, "train_trainer.py", "pubmedqa", tokenizer, *words)
    assert last < 0.8 * first


def test_trl_learns_from_rows_that_are_tokens(
    real: None, tokenizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--steps", 20, "--batch-size", 2, "--output", tmp_path]
    first, last = run(monkeypatch, "train_trl.py", "pubmedqa", tokenizer, *words)
    assert last < 0.8 * first


def test_two_processes_have_the_losses_of_one(
    real: None, tokenizer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["casimedicos-arg", tokenizer, "--steps", "4", "--packs", "2"]
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}.items():
        monkeypatch.setenv(name, value)
    run(monkeypatch, "train_distributed.py", *words)
    one = capsys.readouterr().out
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*program, EXAMPLES / "train_distributed.py", *words], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    alone, together = ([float(loss) for loss in re.findall(r"loss ([\d.]+)", told)] for told in (one, done.stdout))
    assert len(alone) == 4
    assert alone[-1] < alone[0]
    assert together == pytest.approx(alone, abs=2e-4)


def made(lengths: list[int]) -> Tokens:
    """Rows of random ids below 90, every second one learned."""
    ids = np.random.default_rng(0).integers(0, 90, sum(lengths)).astype(np.int32)
    labels = np.where(np.arange(len(ids)) % 2, ids, IGNORED).astype(np.int32)
    return of_rows(ids, labels, np.append(0, np.cumsum(lengths)), 16, 0)


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=90,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config)


def alone(model: LlamaForCausalLM, ids: torch.Tensor, edges: list[int]) -> torch.Tensor:
    """Logits of the rows of a flattened batch, each given to the model by itself."""
    rows = [ids[start:end][None] for start, end in pairwise(edges)]
    return torch.cat([model(row, use_cache=False).logits[0] for row in rows])


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("layout", ["packed", "varlen"])
def test_rows_that_share_a_sequence_do_not_see_each_other(layout: str, attention: str, model: LlamaForCausalLM) -> None:
    tokens = made([5, 9, 1, 3, 16, 2, 7])
    model.set_attn_implementation(attention)
    inputs = imported("train_plain.py", "inputs")
    (batch,) = tokens.batches(7, layout=layout)
    expected = alone(model, batch["input_ids"].flatten(), batch["cu_seqlens"].tolist())
    together = model(**inputs(batch), use_cache=False)
    torch.testing.assert_close(together.logits.flatten(0, 1), expected, rtol=1e-4, atol=1e-5)
    with_cache = model(**inputs(batch), use_cache=True).logits.flatten(0, 1)
    assert (with_cache - expected).abs().max() > 0.01, "why the scripts say use_cache=False"


def test_all_layouts_have_one_loss(model: LlamaForCausalLM) -> None:
    tokens = made([5, 9, 2, 3, 16, 2, 7])
    model.set_attn_implementation("sdpa")
    inputs = imported("train_plain.py", "inputs")
    losses = [
        model(**inputs(batch), use_cache=False).loss.item()
        for layout in ("padded", "packed", "varlen")
        for batch in tokens.batches(7, layout=layout)
    ]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


def test_the_collator_of_the_trainer_makes_the_batches_of_packs() -> None:
    tokens = made([5, 9, 2, 3, 16, 2, 7])
    collate, inputs = imported("train_trainer.py", "Packs")(tokens), imported("train_plain.py", "inputs")
    (expected,) = tokens.batches(9, layout="packed")
    batch = collate(list(range(len(tokens.plan))))
    assert batch.keys() == inputs(expected).keys()
    assert all(np.array_equal(batch[name], value) for name, value in inputs(expected).items())


def test_trl_pads_rows_and_keeps_their_labels() -> None:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokens = made([5, 9, 2])
    (expected,) = tokens.batches(3)
    batch = DataCollatorForLanguageModeling(pad_token_id=0)(list(tokens.to_hf()))
    assert batch.keys() == expected.keys()
    assert all(torch.equal(batch[name], expected[name]) for name in batch)


def test_a_hf_dataset_has_the_rows_of_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = made([5, 0, 9, 2, 16, 0])
    monkeypatch.setattr("loaders.hf.CHUNK", 6)
    rows = tokens.to_hf()
    assert len(rows.data.column(0).chunks) > 2
    assert {name: kind.feature.dtype for name, kind in rows.features.items()} == {
        "input_ids": "int32",
        "labels": "int32",
    }
    assert list(rows) == [{name: values.tolist() for name, values in row.items()} for row in tokens]
    assert len(made([]).to_hf()) == 0


def test_the_guide_runs_from_top_to_bottom(real: None, tokenizer: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, Any] = {"TOKENIZER": tokenizer}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec("\n".join(blocks), names)
    assert names["state"] == {"epoch": 0, "done": 8, "units": 500, "layout": "packed", "shuffle": True, "seed": 0}
    assert names["first"].keys() == {"input_ids", "labels", "position_ids", *names["flash"]}
    assert len(names["rows"]) == len(names["tokens"])


def test_the_guide_names_every_script_and_no_file_that_is_not_there() -> None:
    named = re.findall(r"\]\(([^)]+)\)", GUIDE.read_text(encoding="utf-8"))
    assert all((GUIDE.parent / path).is_file() for path in named)
    assert {path.name for path in EXAMPLES.glob("*.py")} <= {Path(path).name for path in named}
