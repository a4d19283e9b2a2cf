"""Records to tokens to batches, side by side with what people use instead, in the same run and on the same files.

Each side runs in an interpreter of its own; seconds are without imports, memory is the anonymous memory of the process
and its children at most, imports included. The page docs/performance.md says how each figure is to be read.
`python -m benchmarks.tokens` takes about an hour; `--quick` shows in some minutes that all parts run, on small inputs;
`--only packing warm` runs some parts.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks import made_text, peers
from benchmarks.alone import real_files, run, size
from benchmarks.machine import machine

SETTLED = 3
"""Seconds after which the checksum of a file that was just written is remembered."""

Told = dict[str, Any]


class Sizes(NamedTuple):
    """How large the inputs are."""

    medqaro_rows: int = made_text.MEDQARO_ROWS
    mapped_rows: tuple[int, int] = (1_000, 6_000)
    row_by_row: tuple[int, int] = (500, 3_000)
    questions: int = 40_000
    slow_questions: int = 8_000
    gigabytes: tuple[float, ...] = (0.25, 1.0)
    lengths: int = 1_000_000
    read_seconds: int = 20
    runs: int = 3


QUICK = Sizes(3_000, (200, 400), (30, 60), 3_000, 1_000, (0.02, 0.04), 50_000, 3, 1)

LOADED = """
import registry, torch, tokenizers, polars, pyarrow
def tokens_of(given):
    if given.get("card"):
        from loaders.load import load_card
        from registry.card import DatasetCard
        card = DatasetCard.model_validate(given["card"])
        records = load_card(card, given["split"], files=given["files"], offline=True)
    else:
        records = registry.load(given["name"], split=given["split"], files=given.get("files"), offline=True)
    return records
"""
FIRST_BATCH = (
    LOADED
    + """
start = clock()
records = tokens_of(given)
loaded = clock() - start
tokens = records.tokenize(given["tokenizer"], template=given["template"])
made = clock() - start
batch = next(iter(tokens.batches(8, layout="packed", shuffle=True)))
took = clock() - start
counts = tokens.manifest["counts"]
told(seconds=took, loaded=loaded, tokenized=made - loaded, batch=took - made, **counts,
     engine=tokens.manifest["tokenizer"]["engine"], first=tokens[0]["input_ids"][:20].tolist(),
     folder=str(tokens.folder))
"""
)
WARM = """
import registry, torch, tokenizers, polars
start = clock()
tokens = registry.load(given["name"], split=given["split"], files=given.get("files"), offline=True,
                       tokenizer=given["tokenizer"])
batch = next(iter(tokens.batches(8, layout=given["layout"], shuffle=True)))
told(seconds=clock() - start, rows=len(tokens), ids=int(batch["input_ids"].numel()))
"""
UNIQUE = (
    LOADED
    + """
from loaders.records import Records
records = tokens_of(given)
Records(records.frame.head(1), records.schema).tokenize(given["tokenizer"], template="plain")
start = clock()
tokens = records.tokenize(given["tokenizer"], template="plain", max_length=1 << 20)
took = clock() - start
told(seconds=took, **tokens.manifest["counts"], engine=tokens.manifest["tokenizer"]["engine"])
"""
)
TEXTS_OF = (
    LOADED
    + """
import polars as pl
records = tokens_of(given)
rows = ["\\n\\n".join(part.text for part in row) for row in records.render("plain")]
pl.DataFrame({"text": rows}).write_parquet(given["texts"])
told(bytes=sum(len(text.encode()) for text in rows), rows=len(rows))
"""
)
WRITTEN_OUT = (
    LOADED
    + """
tokens = tokens_of(given).tokenize(given["tokenizer"], template="plain")
tokens.to_hf().save_to_disk(given["rows"])
told(rows=len(tokens), tokens=int(tokens.lengths.sum()), folder=str(tokens.folder))
"""
)
READ = (
    LOADED
    + """
tokens = tokens_of(given).tokenize(given["tokenizer"], template="plain")
full = int(tokens.lengths.sum()) / (len(tokens.plan) * tokens.max_length)
start = clock()
total = batches = 0
while clock() - start < given["at_most"] and batches < given["batches"]:
    for batch in tokens.batches(given["batch"], layout=given["layout"], shuffle=True, seed=batches):
        batches += 1
        if given["layout"] == "padded":
            total += int(batch["attention_mask"].sum())
        else:
            total += batch["input_ids"].numel() * (full if given["layout"] == "packed" else 1)
told(seconds=clock() - start, tokens=total, batches=batches)
"""
)
PACK = """
import numpy as np
from loaders.pack import best_fit
lengths = np.load(given["lengths"])
start = clock()
plan = best_fit(lengths, given["size"])
told(seconds=clock() - start, packs=len(plan))
"""


class Bench:
    """Inputs in a folder, and the tables that come of them."""

    def __init__(self, folder: Path, sizes: Sizes, console: Console) -> None:
        self.folder = folder
        self.sizes = sizes
        self.console = console
        self.count = 0

    def home(self) -> Path:
        """A new home, in which nothing is kept yet."""
        self.count += 1
        return self.folder / f"home-{self.count}"

    def best(self, program: str, given: Told, homes: Iterable[Path]) -> tuple[Told, float]:
        """The run whose seconds are fewest, and the median of the seconds of all."""
        told = [run(program, given, home) for home in homes]
        self.say(*(f"{one['seconds']:.3f} s" for one in told), f"{told[0]['MiB']:.0f} MiB")
        return min(told, key=lambda one: one["seconds"]), statistics.median(one["seconds"] for one in told)

    def print(self, title: str, columns: Iterable[str], lines: Iterable[Iterable[Any]]) -> None:
        """One table, with the load of the machine as it is now."""
        load = Path("/proc/loadavg")
        table = Table(*columns, title=f"{title} (load {load.read_text().split()[0] if load.exists() else '?'})")
        for line in lines:
            table.add_row(*map(str, line))
        self.console.print(table)

    def knowing(self, tokenizer: Path) -> Path:
        """A home that knows the catalogue and the engines' verdict on a tokenizer, and has loaded nothing."""
        home, other = self.home(), self.home()
        given = {**self.medqaro(), "tokenizer": tokenizer, "template": "plain"}
        small = self.folder / "small"
        if not small.exists():
            small.mkdir()
            made_text.medqaro(small, 100)
        run(FIRST_BATCH, {**given, "files": small}, other)
        (home / "cache").mkdir(parents=True)
        if (other / "cache" / "engines").exists():  # no engine opens some tokenizers
            shutil.copytree(other / "cache" / "engines", home / "cache" / "engines")
        shutil.copy(other / "registry.db", home / "registry.db")
        shutil.rmtree(other)
        return home

    def say(self, *words: object) -> None:
        """Tell how far it is, on stderr: a part takes minutes."""
        print(f"[{time.strftime('%H:%M:%S')}]", *words, file=sys.stderr, flush=True)

    def copies(self, home: Path) -> Iterable[Path]:
        """Copies of a home, one for each run; each goes when the next is made."""
        for _ in range(self.sizes.runs):
            made = self.home()
            shutil.copytree(home, made)
            yield made

    def medqaro(self) -> Told:
        """The MedQARo-shaped dataset, its file made the first time."""
        folder = self.folder / "medqaro"
        if not folder.exists():
            folder.mkdir()
            made_text.medqaro(folder, self.sizes.medqaro_rows)
            time.sleep(SETTLED)
        return {"name": "medqaro", "split": "train", "files": folder}

    def texts(self, rows: int) -> Told:
        """Made-up questions, all of them different."""
        folder = self.folder / f"questions-{rows}"
        if not folder.exists():
            folder.mkdir()
            made_text.questions(folder, rows)
            time.sleep(SETTLED)
        return {"card": made_text.QUESTIONS, "split": "train", "files": folder}


def linear(small: Told, large: Told, rows: int) -> float:
    """Seconds for so many rows, on the line through two runs; what a run costs besides its rows counts once."""
    each = (large["seconds"] - small["seconds"]) / (large["rows"] - small["rows"])
    return float(small["seconds"] + each * (rows - small["rows"]))


def head_of(path: Path, rows: int, folder: Path) -> Path:
    """The first rows of a CSV."""
    made = folder / f"head-{rows}.csv"
    if not made.exists():
        pl.read_csv(path, n_rows=rows).write_csv(made)
    return made


def medqaro(bench: Bench) -> None:
    """From the file to the first batch, when each case summary stands in a hundred rows."""
    given = bench.medqaro()
    path = given["files"] / made_text.MEDQARO_FILE
    rows = bench.sizes.medqaro_rows
    tokenizer = made_text.tokenizer_file("gpt2-like")
    knowing = bench.knowing(tokenizer)
    lines, cold = [], {}
    read, read_median = bench.best(peers.READ_CSV, {"file": path}, [bench.home() for _ in range(bench.sizes.runs)])
    for template in ("medqaro", "chat"):
        asked = {**given, "tokenizer": tokenizer, "template": template}
        first, first_median = bench.best(FIRST_BATCH, asked, [bench.home() for _ in range(bench.sizes.runs)])
        cold[template], median = bench.best(FIRST_BATCH, asked, bench.copies(knowing))
        for name, one, middle in (("cold", cold[template], median), ("first use", first, first_median)):
            parts = " + ".join(f"{one[part]:.2f}" for part in ("loaded", "tokenized", "batch"))
            lines.append(
                [f"ours, {template}, {name}", f"{one['seconds']:.2f}", f"{middle:.2f}", f"{one['MiB']:.0f}", parts]
            )
    seconds = cold["medqaro"]["seconds"]
    lines.append(["pl.read_csv", f"{read['seconds']:.2f}", f"{read_median:.2f}", f"{read['MiB']:.0f}", ""])
    found = []
    for name, program, counts in (
        ("datasets.map, batched", peers.MAPPED, bench.sizes.mapped_rows),
        ("the paper's, row by row", peers.ROW_BY_ROW, bench.sizes.row_by_row),
    ):
        small, large = (
            run(program, {"file": head_of(path, count, bench.folder), "tokenizer": tokenizer}, bench.home())
            for count in counts
        )
        total = linear(small, large, rows)
        found.append((name, total))
        measured = ", ".join(f"{one['rows']:,} rows {one['seconds']:.1f} s" for one in (small, large))
        lines.append([f"{name}, for {rows:,} rows", f"{total:.0f}", "", f"{large['MiB']:.0f}", f"measured: {measured}"])
        if "first" in large and large["first"] != cold["medqaro"]["first"]:
            lines.append([f"  {name}: other ids than ours", large["first"], "", "", cold["medqaro"]["first"]])
    for name, total in found:
        lines.append([f"faster than {name}", f"{total / seconds:.0f}×", "", "", ""])
    lines.append(["ours cold / pl.read_csv", f"{seconds / read['seconds']:.2f}×", "", "", ""])
    stored = size(Path(cold["medqaro"]["folder"]))
    lines.append(
        ["token store", f"{stored / 1e6:,.1f} MB", "", "", f"{cold['medqaro']['tokens']:,} tokens of its rows"]
    )
    title = f"MedQARo-shaped CSV, {path.stat().st_size / 1e6:,.0f} MB, {rows:,} rows, from file to first batch"
    bench.print(title, ("side", "seconds, best", "median", "MiB", "parts"), lines)


def sets(bench: Bench, slow: bool) -> list[tuple[str, Told]]:
    """Datasets in which texts do not repeat."""
    rows = bench.sizes.slow_questions if slow else bench.sizes.questions
    made = [(f"made questions, {rows:,}", bench.texts(rows))]
    if (real_files() / "medquad").is_dir():
        made.insert(0, ("MedQuAD", {"name": "medquad", "split": "train"}))
    return made


def unique(bench: Bench) -> None:
    """All tokens of texts that do not repeat."""
    lines = []
    for kind in made_text.KINDS:
        tokenizer = made_text.tokenizer_file(kind)
        knowing = bench.knowing(tokenizer)
        for name, given in sets(bench, kind in ("bert-like", "t5-like")):
            texts = bench.folder / "texts.parquet"
            about = run(TEXTS_OF, {**given, "texts": texts}, bench.home())
            asked = {**given, "tokenizer": tokenizer, "texts": texts}
            ours, median = bench.best(UNIQUE, asked, bench.copies(knowing))
            theirs, _ = bench.best(peers.TEXTS, asked, [bench.home()])
            engine = ours["engine"].split()[0]
            alone, _ = bench.best(peers.ENGINE, {**asked, "engine": engine}, [bench.home()] * bench.sizes.runs)
            megabytes = about["bytes"] / 1e6
            lines.append(
                [
                    f"{kind}, {name}, {megabytes:,.0f} MB",
                    f"{ours['seconds']:.2f} ({median:.2f})",
                    f"{megabytes / ours['seconds']:.0f}",
                    f"{theirs['seconds']:.2f}",
                    f"{theirs['seconds'] / ours['seconds']:.1f}×",
                    f"{alone['seconds']:.2f} {engine}",
                    f"{alone['seconds'] / ours['seconds']:.0%}",
                    f"{ours['MiB']:.0f} / {theirs['MiB']:.0f}",
                ]
            )
    columns = ("tokenizer, texts", "s, best (median)", "MB/s", "map", "faster", "engine alone", "of its speed", "MiB")
    bench.print("Texts that do not repeat, records to tokens in the cache", columns, lines)


def reading(bench: Bench) -> None:
    """Batches in random order from tokens on disk."""
    name, given = sets(bench, slow=False)[-1]
    tokenizer = made_text.tokenizer_file("gpt2-like")
    home, rows = bench.knowing(tokenizer), bench.folder / "rows"
    asked = {**given, "tokenizer": tokenizer, "rows": rows, "batch": 32, "at_most": bench.sizes.read_seconds}
    made = run(WRITTEN_OUT, asked, home)
    lines, theirs = [], []
    for workers in (0, 2):
        told = run(peers.READ, {**asked, "workers": workers}, bench.home())
        theirs.append(told["tokens"] / told["seconds"])
        lines.append(
            [f"datasets + DataLoader, padded, {workers} workers", f"{theirs[-1] / 1e6:.2f}", "", f"{told['MiB']:.0f}"]
        )
    for layout in ("padded", "packed", "varlen"):
        told = run(READ, {**asked, "layout": layout, "batches": 5_000}, home)
        speed = told["tokens"] / told["seconds"]
        ratio = " / ".join(f"{speed / one:.0f}×" for one in theirs)
        lines.append([f"ours, {layout}", f"{speed / 1e6:.1f}", ratio, f"{told['MiB']:.0f}"])
    bytes_ours, bytes_theirs = size(Path(made["folder"])), size(rows)
    lines.append(
        [
            "bytes on disk, ours / datasets'",
            f"{bytes_ours / 1e6:.0f} / {bytes_theirs / 1e6:.0f} MB",
            f"{bytes_theirs / bytes_ours:.1f}×",
            "",
        ]
    )
    title = f"Reading {made['tokens']:,} tokens of {made['rows']:,} rows ({name}) in random order, 32 rows a batch"
    bench.print(title, ("side", "million tokens a second", "faster", "MiB"), lines)


def warm(bench: Bench) -> None:
    """A new process on what was loaded before."""
    tokenizer = made_text.tokenizer_file("gpt2-like")
    datasets = [("MedQARo-shaped", bench.medqaro())]
    if (real_files() / "medquad").is_dir():
        datasets.append(("MedQuAD", {"name": "medquad", "split": "train"}))
    lines = []
    for name, given in datasets:
        home = bench.home()
        for layout in ("padded", "packed"):
            asked = {**given, "tokenizer": tokenizer, "layout": layout}
            run(WARM, asked, home)
            told, median = bench.best(WARM, asked, [home] * max(5, bench.sizes.runs))
            lines.append(
                [
                    f"{name}, {told['rows']:,} rows, {layout}",
                    f"{told['seconds'] * 1000:.0f}",
                    f"{median * 1000:.0f}",
                    f"{told['process']:.2f}",
                    f"{told['MiB']:.0f}",
                ]
            )
    bench.print(
        "registry.load(…, tokenizer=…) to first batch, warm",
        ("dataset", "ms, best", "median", "whole process, s", "MiB"),
        lines,
    )


def memory(bench: Bench) -> None:
    """Tokens of more and more text."""
    tokenizer = made_text.tokenizer_file("gpt2-like")
    knowing = bench.knowing(tokenizer)
    lines = []
    for gigabytes in bench.sizes.gigabytes:
        folder = bench.folder / "notes"
        folder.mkdir()
        rows = made_text.notes(folder, int(gigabytes * 1e9))
        written = size(folder)
        home = bench.home()
        shutil.copytree(knowing, home)
        asked = {"card": made_text.NOTES, "split": "train", "files": folder, "tokenizer": tokenizer, "template": "chat"}
        cold = run(FIRST_BATCH, asked, home)
        again = run(FIRST_BATCH, {**asked, "template": "plain"}, home)
        lines.append(
            [
                f"{written / 1e9:.2f} GB, {rows:,} rows",
                f"{cold['seconds']:.1f}",
                f"{cold['loaded']:.1f}",
                f"{cold['tokenized']:.1f}",
                f"{cold['MiB']:.0f}",
                f"{again['MiB']:.0f}",
                f"{written / 1e6 / cold['seconds']:.0f}",
            ]
        )
        shutil.rmtree(home)
        shutil.rmtree(folder)
    columns = ("JSONL", "seconds", "load", "tokenize", "MiB, cold", "MiB, records in the cache", "MB/s")
    bench.print("Memory of tokenizing, from files to the first batch", columns, lines)


def packing(bench: Bench) -> None:
    """Lengths to packs."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.lognormal(5.2, 1.0, bench.sizes.lengths), 1, 2048).astype(np.int64)
    path = bench.folder / "lengths.npy"
    lines = []
    for room in (512, 2048, 3000, 8192):
        own = np.minimum(lengths, room)
        np.save(path, own)
        best = -(-int(own.sum()) // room)
        asked = {"lengths": path, "size": room}
        ours, _ = bench.best(PACK, asked, [bench.home()] * bench.sizes.runs)
        sides = [
            ("ours", ours),
            *(
                (f"trl, {name}", run(peers.PACK, {**asked, "whole": whole}, bench.home()))
                for name, whole in (("1,000 rows at a time", False), ("all rows at once", True))
            ),
        ]
        for name, told in sides:
            lines.append(
                [
                    f"{room:,}",
                    name,
                    f"{told['seconds']:.2f}",
                    f"{told['seconds'] / ours['seconds']:.0f}×",
                    f"{best / told['packs']:.3%}",
                    f"{told['packs'] - best:,}",
                    f"{told['MiB']:.0f}",
                ]
            )
    title = f"Packing {bench.sizes.lengths:,} rows of {lengths.mean():.0f} tokens on average"
    bench.print(title, ("room", "side", "seconds", "of ours", "fill", "packs over the bound", "MiB"), lines)


PARTS: dict[str, Callable[[Bench], None]] = {
    part.__name__: part for part in (medqaro, unique, reading, warm, memory, packing)
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="small inputs, one run each; its figures mean little")
    parser.add_argument("--runs", type=int)
    parser.add_argument(
        "--gigabytes", type=float, nargs="+", help="text of the part memory; twice as much disk is used"
    )
    parser.add_argument("--folder", type=Path, help="where inputs and caches go for the time of the run")
    given = parser.parse_args()
    sizes = QUICK if given.quick else Sizes()
    sizes = sizes._replace(
        runs=given.runs or sizes.runs, gigabytes=tuple(given.gigabytes) if given.gigabytes else sizes.gigabytes
    )
    console = Console(width=160)
    console.print(machine())
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        bench = Bench(Path(folder), sizes, console)
        for name in given.only:
            bench.say(name)
            PARTS[name](bench)


if __name__ == "__main__":
    main()
