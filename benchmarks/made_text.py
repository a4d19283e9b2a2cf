"""Inputs of the benchmarks of tokens: made-up files and text, and tokenizers trained once and kept.

Words of made-up text come by rank as those of a language do (Zipf), so that what a tokenizer remembers of words helps
it no more than it does in real text; where the real files are, they are the words of those.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from platformdirs import user_cache_path
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from benchmarks.alone import environment, real_files

MEDQARO_ROWS, MEDQARO_CASES = 102_646, 1_011
MEDQARO_FILE = "romedqa_train_dataset.csv"
TRAINED = "2"
"""Another number whenever tokenizers are trained otherwise."""
TRAINED_ON = ("medquad", "medec", "casimedicos-arg", "rjua-qa", "remedi", "pubmedqa")
WORDS = 60_000
SPLIT = "|".join(
    (
        *(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"[^\r\n\p{L}\p{N}]?\p{L}+", r"\p{N}{1,3}"),
        *(r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"),
    )
)
"""How tokenizers of the kind of Qwen and Llama 3 cut words."""


@cache
def vocabulary() -> pl.Series:
    """Words by rank: those of real texts, the most frequent first, where somebody has such; else made-up ones."""
    if not real_files().is_dir():
        return _made_words()
    path = kept("words.txt")
    if not path.exists():
        _in_a_process("words", path)
    return pl.Series(path.read_text(encoding="utf-8").split("\n"))


def _made_words() -> pl.Series:
    """Words of one to four syllables, numbers among them; the shorter the more frequent."""
    rng = np.random.default_rng(7)
    onsets, nuclei, codas = (
        "b c d f g h l m n p r s t v st tr pr th ch".split(),
        "aeiouay",
        ("", "", "n", "r", "s", "l"),
    )
    made: dict[str, None] = {}
    for syllables, many in ((1, 400), (2, 8_000), (3, WORDS), (4, WORDS)):
        drawn = [rng.integers(0, len(part), (many, syllables)) for part in (onsets, nuclei, codas)]
        for row in np.stack(drawn, axis=2).tolist():
            word = "".join(f"{onsets[a]}{nuclei[b]}{codas[c]}" for a, b, c in row)
            made[word if row[0][0] else f"{row[0][1]}{row[0][2]}{row[-1][1]}"] = None
    return pl.Series(list(made)[:WORDS])


def _real_words() -> str:
    words = pl.Series(real_texts()).str.extract_all(r"\p{Latin}[\p{Latin}'-]*\p{Latin}|\p{Latin}|[0-9]{1,4}").explode()
    return "\n".join(words.value_counts().sort("count", words.name, descending=True)[words.name].head(WORDS).to_list())


def prose(rng: np.random.Generator, sizes: npt.NDArray[np.int64]) -> pl.Series:
    """Texts of so many made-up words each: sentences with a capital, commas, full stops."""
    total = int(sizes.sum())
    words = vocabulary()
    ranks = np.floor((len(words) + 1) ** rng.random(total)).astype(np.int64) - 1  # the chance goes by 1 / rank
    at = np.arange(total) % 17
    frame = pl.DataFrame(
        {"word": words.gather(pl.Series(ranks)), "at": at, "row": np.repeat(np.arange(len(sizes)), sizes)}
    )
    word = (
        pl.when(pl.col("at") == 0)
        .then(pl.col("word").str.to_titlecase())
        .when(pl.col("at") == 16)
        .then(pl.col("word") + ".")
        .when(pl.col("at") == 7)
        .then(pl.col("word") + ",")
        .otherwise("word")
    )
    return frame.group_by("row", maintain_order=True).agg(word.str.join(" ")).get_column("word")


def medqaro(folder: Path, rows: int = MEDQARO_ROWS, cases: int = MEDQARO_CASES) -> Path:
    """A CSV shaped as MedQARo's training file: about 100 questions of each case summary, which each row repeats."""
    path = folder / MEDQARO_FILE
    rng = np.random.default_rng(0)
    cases = max(1, min(cases, rows * cases // MEDQARO_ROWS))
    summaries = prose(rng, rng.integers(700, 1_500, cases)).str.replace_all(". ", ".\n", literal=True)
    which = pl.Series(np.sort(rng.integers(0, cases, rows)))
    asked, answered = (prose(rng, rng.integers(low, high, rows)) for low, high in ((5, 14), (1, 8)))
    columns = {"": np.arange(rows), "Epicriza": summaries.gather(which), "Intrebare": asked, "Raspuns": answered}
    pl.DataFrame(columns).write_csv(path)
    return path


def questions(folder: Path, rows: int) -> Path:
    """JSONL of multiple-choice questions of MedQA's lengths: a vignette of about 125 words, five options; all new."""
    path = folder / "questions.jsonl"
    rng = np.random.default_rng(1)
    vignettes = prose(rng, rng.integers(80, 170, rows))
    options = {letter: prose(rng, rng.integers(1, 6, rows)) for letter in "abcde"}
    answer = pl.Series(list("ABCDE")).gather(pl.Series(rng.integers(0, 5, rows)))
    pl.DataFrame({"id": np.arange(rows), "question": vignettes, **options, "answer": answer}).write_ndjson(path)
    return path


QUESTIONS = {
    "slug": "made-questions",
    "name": "Made Questions",
    "kind": "dataset",
    "summary": "Made up.",
    "access": "open",
    "load": {
        "schema": "multiple_choice",
        "splits": {"train": "questions.jsonl"},
        "fields": {
            "id": "id",
            "question": "question",
            "options": {"columns": ["a", "b", "c", "d", "e"]},
            "answers": ["answer", "letters"],
        },
    },
}
NOTES = {
    "slug": "made-notes",
    "name": "Made Notes",
    "kind": "dataset",
    "summary": "Made up.",
    "access": "open",
    "load": {
        "schema": "question_answer",
        "splits": {"train": "notes-*.jsonl"},
        "fields": {"id": "id", "question": "question", "answers": ["answer", "list"]},
    },
}


def notes(folder: Path, size: int, shard: int = 64 << 20) -> int:
    """JSONL shards of about `size` bytes: questions and long answers, every text another; the number of rows."""
    written = number = rows = 0
    step = 40_000
    while written < size:
        rng = np.random.default_rng([2, number])
        count = max(1, min(step, (size - written) // 1_600 + 1))
        frame = pl.DataFrame(
            {
                "id": np.arange(rows, rows + count),
                "question": prose(rng, rng.integers(8, 30, count)),
                "answer": prose(rng, rng.integers(100, 460, count)),
            }
        )
        path = folder / f"notes-{number:05d}.jsonl"
        frame.write_ndjson(path)
        written, number, rows = written + path.stat().st_size, number + 1, rows + count
    return rows


def real_texts() -> list[str]:
    """The texts of some real datasets, where somebody has their files; else made-up ones."""
    import registry

    if not real_files().is_dir():
        rng = np.random.default_rng(3)
        return prose(rng, rng.integers(20, 300, 40_000)).to_list()
    texts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for slug in TRAINED_ON:
            for records in registry.load(slug, offline=True).values():  # type: ignore[union-attr]
                frame = records.frame  # type: ignore[union-attr]
                for name, kind in frame.schema.items():
                    if kind == pl.String:
                        texts += frame[name].drop_nulls().to_list()
                    elif kind == pl.List(pl.String):
                        texts += frame[name].explode().drop_nulls().to_list()
    order = np.random.default_rng(0).permutation(len(texts))[:60_000]
    return [texts[at] for at in order]


def _byte_bpe(pre_tokenizer: pre_tokenizers.PreTokenizer, special: list[str], texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=32_000,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def gpt2_like(texts: list[str]) -> Tokenizer:
    """Byte-level BPE that cuts words as GPT-2 does."""
    return _byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], texts)


def qwen_like(texts: list[str]) -> Tokenizer:
    """Byte-level BPE that cuts words by a regular expression, with the control tokens of ChatML."""
    cut = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return _byte_bpe(cut, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], texts)


def bert_like(texts: list[str]) -> Tokenizer:
    """WordPiece in lower case."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=30_000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def t5_like(texts: list[str]) -> Tokenizer:
    """Unigram over Metaspace."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=20_000, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts[:20_000], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


KINDS: dict[str, Callable[[list[str]], Tokenizer]] = {
    "gpt2-like": gpt2_like,
    "qwen-like": qwen_like,
    "bert-like": bert_like,
    "t5-like": t5_like,
}


def tokenizer_file(kind: str) -> Path:
    """The tokenizer.json of a kind, trained the first time and kept in the user's cache."""
    path = kept(f"{kind}.json")
    if not path.exists():
        _in_a_process(kind, path)
    return path


def kept(name: str) -> Path:
    """The place of a file that the benchmarks keep; it tells what it was made of."""
    source = "real" if real_files().is_dir() else "made"
    return user_cache_path("medregistry") / "benchmarks" / f"tokenizers-{source}-{TRAINED}" / name


def _in_a_process(what: str, path: Path) -> None:
    """Make a file that is kept, in a process that leaves nothing else behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "benchmarks.made_text", what, str(part)]
        subprocess.run(command, env=environment(Path(home)), check=True)
    part.replace(path)


def main() -> None:
    """Make one file that is kept."""
    what, path = sys.argv[1:]
    if what == "words":
        Path(path).write_text(_real_words(), encoding="utf-8")
    else:
        KINDS[what](real_texts()).save(path)


if __name__ == "__main__":
    main()
