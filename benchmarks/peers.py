"""The peers' side of the benchmarks of tokens, as programs for `benchmarks.alone.run`.

Each is written the fastest way that its library documents, but for the one that is row by row because the paper's is.
"""

from __future__ import annotations

FORM = """
def prompt(question, context):
    return f"Intrebare: {question} Context: {context} Raspuns:"
"""

LOADER = """
import torch
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence
def padded(rows):
    ids = [row["input_ids"] for row in rows]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=0),
        "labels": pad_sequence([row["labels"] for row in rows], batch_first=True, padding_value=-100),
        "attention_mask": pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
    }
def loader(rows, batch_size, workers=0):
    made = rows.with_format("torch", columns=["input_ids", "labels"])
    return DataLoader(made, batch_size=batch_size, shuffle=True, collate_fn=padded, num_workers=workers)
"""

MAPPED = (
    FORM
    + LOADER
    + """
from datasets import load_dataset
from transformers import PreTrainedTokenizerFast
tokenizer = PreTrainedTokenizerFast(tokenizer_file=given["tokenizer"])
def preprocess(batch):
    asked = [prompt(q, c) for q, c in zip(batch["Intrebare"], batch["Epicriza"])]
    made = tokenizer([f"{a} {b}" for a, b in zip(asked, batch["Raspuns"])], truncation=True, max_length=2048)
    labels = []
    for row, (ids, text) in enumerate(zip(made["input_ids"], asked)):
        begin = made.char_to_token(row, len(text))
        begin = len(ids) if begin is None else begin
        labels.append([-100] * begin + ids[begin:])
    return {"input_ids": made["input_ids"], "labels": labels}
start = clock()
rows = load_dataset("csv", data_files=given["file"], split="train")
rows = rows.map(preprocess, batched=True, num_proc=2, remove_columns=rows.column_names)
mapped = clock() - start
batch = next(iter(loader(rows, 8)))
told(seconds=clock() - start, mapped=mapped, rows=len(rows), tokens=sum(map(len, rows["input_ids"])),
     first=rows[0]["input_ids"][:20])
"""
)
"""`load_dataset("csv")`, `map(batched=True, num_proc=2)` over prompt and answer, labels masked, a first batch."""

ROW_BY_ROW = (
    FORM
    + """
import pandas as pd
from datasets import Dataset
from transformers import PreTrainedTokenizerFast
tokenizer = PreTrainedTokenizerFast(tokenizer_file=given["tokenizer"], pad_token="<|endoftext|>")
def preprocess(row):
    short = tokenizer.encode(row["Epicriza"], truncation=True, max_length=1948)
    asked = prompt(row["Intrebare"], tokenizer.decode(short, skip_special_tokens=True))
    made = tokenizer(f"{asked} {row['Raspuns']}", truncation=True, padding="max_length", max_length=2148)
    before = len(tokenizer(asked, truncation=True, padding=False)["input_ids"])
    made["labels"] = [-100] * before + made["input_ids"][before:]
    return made
start = clock()
frame = pd.read_csv(given["file"], index_col=0)
frame["Epicriza"] = frame["Epicriza"].apply(lambda text: str(text).strip().replace("\\n", ""))
rows = Dataset.from_pandas(frame).shuffle(seed=42)
rows = rows.map(preprocess, remove_columns=["Epicriza", "Intrebare", "Raspuns"])
from torch.utils.data import DataLoader
batch = next(iter(DataLoader(rows.with_format("torch"), batch_size=8)))
told(seconds=clock() - start, rows=len(rows))
"""
)
"""As the paper's notebooks: row by row; the context encoded and decoded, then the full text, then the prompt."""

READ_CSV = """
import polars as pl
start = clock()
frame = pl.read_csv(given["file"])
told(seconds=clock() - start, rows=frame.height)
"""

TEXTS = """
from datasets import load_dataset
from tokenizers import Tokenizer
rows = load_dataset("parquet", data_files=given["texts"], split="train")
tokenizer = Tokenizer.from_file(given["tokenizer"])
def encode(batch):
    return {"input_ids": [one.ids for one in tokenizer.encode_batch_fast(batch["text"], add_special_tokens=False)]}
start = clock()
rows = rows.map(encode, batched=True, num_proc=2, remove_columns=rows.column_names)
took = clock() - start
told(seconds=took, rows=len(rows), tokens=sum(map(len, rows["input_ids"])))
"""
"""`map(batched=True, num_proc=2)` over texts that are loaded, with the fastest call of `tokenizers`."""

ENGINE = """
import polars as pl
texts = pl.read_parquet(given["texts"])["text"].to_list()
if given["engine"] == "fastokens":
    from fastokens import Tokenizer
    tokenizer = Tokenizer.from_json_str(open(given["tokenizer"]).read())
    encode = lambda: len(tokenizer.encode_batch_flat(texts)[0]) // 4
elif given["engine"] == "gigatoken":
    from gigatoken import Tokenizer
    tokenizer = Tokenizer.from_json(open(given["tokenizer"]).read())
    encode = lambda: len(tokenizer.encode_batch(texts).layout.content.data)
else:
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(given["tokenizer"])
    encode = lambda: sum(map(len, tokenizer.encode_batch_fast(texts, add_special_tokens=False)))
start = clock()
tokens = encode()
told(seconds=clock() - start, tokens=tokens)
"""
"""An engine alone on a list of strings: no record, no label, nothing written."""

READ = (
    LOADER
    + """
from datasets import load_from_disk
rows = load_from_disk(given["rows"])
start = clock()
tokens = batches = 0
for batch in loader(rows, given["batch"], given["workers"]):
    tokens += int(batch["attention_mask"].sum())
    batches += 1
    if clock() - start > given["at_most"]:
        break
took = clock() - start
told(seconds=took, tokens=tokens, batches=batches)
"""
)
"""Batches in random order from rows on disk."""

PACK = """
import numpy as np, pyarrow as pa
from datasets import Dataset
from trl import pack_dataset
lengths = np.load(given["lengths"])
offsets = np.append(0, np.cumsum(lengths))
tokens = pa.array(np.zeros(offsets[-1], np.uint8))
column = pa.LargeListArray.from_arrays(pa.array(offsets), tokens) if offsets[-1] >> 31 else (
    pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), tokens))
rows = Dataset(pa.table({"input_ids": column}))
options = {"batch_size": len(lengths)} if given["whole"] else {}
start = clock()
packed = pack_dataset(rows, given["size"], "bfd", map_kwargs={**options, "keep_in_memory": True})
took = clock() - start
told(seconds=took, packs=len(packed))
"""
"""`trl.pack_dataset`; its rows are lists of one byte, so that it has the least to copy."""
