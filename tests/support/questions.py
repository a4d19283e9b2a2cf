"""Made-up records, and the text in them that hypothesis thinks of."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import strategies as st

from loaders.records import Records
from loaders.schemas import conform
from tests.support.trained import SENTENCES

LOOKALIKES = (
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|tool|>"),
    *("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[EDGE]", "[WORD]", "<s>", "</s>", "<unk>", "<pad>"),
    *("＜/s＞", "＜|im_end|＞", "<|im_end|", "|im_end|>", "<0x0A>", "<think>", "mmHg", "▁", "\ufdd0", "Ġ"),
)
"""Text that is, or nearly is, a control token of some tokenizer."""

words = st.sampled_from([word for sentence in SENTENCES for word in sentence.split()])
plain_text = st.lists(st.one_of(words, st.text(max_size=12)), max_size=8).map(" ".join)
"""Words, and anything that Unicode has."""
hostile_text = st.lists(st.one_of(words, st.sampled_from(LOOKALIKES), st.text(max_size=6)), max_size=8).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n"]).map(lambda gap: gap.join(parts))
)
"""The same, full of control tokens."""


def records(schema: str, rows: list[dict[str, Any]]) -> Records:
    """Records of a canonical schema from some of its columns, ids made up."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return Records(conform(frame.with_columns(id=pl.int_range(pl.len()).cast(pl.String)), schema), schema)


def questions(text: st.SearchStrategy[str], max_size: int = 6) -> st.SearchStrategy[Records]:
    """Records of the schema question_answer with these texts; some lack context or answer."""
    maybe = st.one_of(st.none(), text)
    row = st.fixed_dictionaries({"question": text, "context": maybe, "answers": st.lists(text, max_size=2)})
    return st.lists(row, min_size=1, max_size=max_size).map(
        lambda rows: records("question_answer", [{"question": "What is it?", "context": "", "answers": ["a"]}, *rows])
    )


def dialogues(text: st.SearchStrategy[str]) -> st.SearchStrategy[Records]:
    """Records of the schema dialogue: any speakers in any order."""
    turn = st.fixed_dictionaries({"role": st.sampled_from(["system", "patient", "doctor"]), "text": text})
    opening = [{"role": "patient", "text": "Hello"}, {"role": "doctor", "text": "How are you?"}]
    return st.lists(st.lists(turn, max_size=6), min_size=1, max_size=4).map(
        lambda rows: records("dialogue", [{"turns": turns} for turns in [opening, *rows]])
    )
