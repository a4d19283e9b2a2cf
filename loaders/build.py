"""From the files of one split to a frame in its canonical schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

import polars as pl

from loaders.mapping import NUMBER, columns_of, evaluate, is_sparing, require
from loaders.plan import SplitPlan
from loaders.read import FILE, ROW, Located, read_files, stream
from loaders.readers.content import DETECT, detected
from loaders.repeats import pieces
from loaders.rows import LOCAL, SHOWN, Context, Others, apply
from loaders.schemas import conform
from loaders.together import together
from registry.errors import ReadError
from registry.loadspec import Pipeline

WRITTEN_OUT = 64 << 20
"""Bytes of text that is worked on at once where its repeats have to be written out."""


def build(
    plan: SplitPlan, files: Sequence[Located], *, others: Others | None = None, languages: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """Read, arrange and map the files of a split, all in memory.

    Args:
        plan: how.
        files: what, in order.
        others: reads files that a `join` names.
        languages: those of the dataset; a single one is the language of every row that says none.

    Returns:
        The frame in the plan's schema, and what a reader of the manifest should know: rows left out, answers that are
        not among the options, ids that had to be told apart.

    Raises:
        ReadError: the files are not what the card says.
    """
    context = Context(others)
    frame = together(list(parts(plan, files, context, languages=languages)))
    if (ids := told_apart([frame["id"]], context)) is not None:
        frame = frame.with_columns(ids)
    return frame, context.notes


def parts(
    plan: SplitPlan, files: Sequence[Located], context: Context, *, languages: Sequence[str] = ()
) -> Iterator[pl.DataFrame]:
    """The rows of a split in its schema, bit by bit; ids that repeat are not yet told apart.

    Arguments and errors are those of `build`; what the manifest should tell is noted in `context`, and is complete when
    the last part has come. Where a row step looks at several rows at once, the split comes in one part.
    """
    done = 0
    if plan.read.encoding == DETECT:
        for file in files:
            context.tell(f"{file.name}: read as {detected(file.path)}, which nobody states")
    for source in _tables(plan, files):
        table = apply(source, plan.rows, context)
        if table.height:
            number = pl.int_range(done, done + table.height, dtype=pl.Int64, eager=True)
            done += table.height
            yield _mapped(plan, table.with_columns(number.alias(NUMBER)), context, languages)
    if not done:
        raise ReadError(f"split {plan.name!r}: no row of {files[0].name} is left after the card's `rows`")
    if context.unanswered:
        context.note(context.unanswered, "without an answer")


def _mapped(plan: SplitPlan, table: pl.DataFrame, context: Context, languages: Sequence[str]) -> pl.DataFrame:
    found = {name: evaluate(pipeline, table).alias(name) for name, pipeline in plan.fields.items()}
    if plan.group is not None:
        found["group"] = evaluate(plan.group, table).cast(pl.String).alias("group")
    found["split"] = pl.Series("split", [plan.name]).new_from_index(0, table.height)
    if "id" not in found:
        found["id"] = (f"{plan.name}-" + table[NUMBER].cast(pl.String)).alias("id")
    if "language" not in found and (language := plan.language or (languages[0] if len(languages) == 1 else None)):
        found["language"] = pl.Series("language", [language]).new_from_index(0, table.height)
    extra = _extra(plan, table)
    if extra is not None:
        found["extra"] = extra
    try:
        frame = conform(pl.DataFrame(list(found.values())), plan.schema)
    except ValueError as error:
        raise ReadError(f"the card's `load` block: {error}") from None
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"split {plan.name!r}: a field does not have its schema's type: {error}") from None
    return _answers_within(frame, context) if plan.schema == "multiple_choice" else frame


def _tables(plan: SplitPlan, files: Sequence[Located]) -> Iterator[pl.DataFrame]:
    if plan.recipe is not None:
        module = import_module(f"loaders.recipes.{plan.recipe.replace('-', '_')}")
        yield module.read(files, plan.read)
    elif _row_by_row(plan):
        for frame in stream(files, plan.read):
            yield from [frame] if _sparing(plan) else pieces(frame, WRITTEN_OUT)
    else:
        yield read_files(files, plan.read)


def _row_by_row(plan: SplitPlan) -> bool:
    """Whether no row step of the plan needs to see more than one row."""
    computed = [pipeline for word, argument in plan.rows if word == "compute" for pipeline in argument.values()]
    return not any(map(_numbers_rows, computed)) and all(word in LOCAL for word, _ in plan.rows)


def _sparing(plan: SplitPlan) -> bool:
    """Whether text that repeats in the source stays as it is, or is worked on once for each value of it."""
    pipelines = [*plan.fields.values(), *([plan.group] if plan.group else [])]
    return all(word in ("rename", "also_called") for word, _ in plan.rows) and all(map(is_sparing, pipelines))


def _numbers_rows(pipeline: Pipeline) -> bool:
    word, argument = pipeline.source
    parts = [
        *(argument if word == "coalesce" else []),
        *(a.options for step, a in pipeline.steps if step == "index_in"),
    ]
    return word == "row_number" or any(map(_numbers_rows, parts))


def _extra(plan: SplitPlan, table: pl.DataFrame) -> pl.Series | None:
    """The source columns that no field shows, as one struct; None where there are none."""
    if plan.extra == "none":
        return None
    if isinstance(plan.extra, list):
        require(table, plan.extra)
        names = plan.extra
    else:
        used = {FILE, ROW, NUMBER}
        for pipeline in plan.fields.values():
            used |= columns_of(pipeline)
        if plan.group is not None and not plan.group.steps:
            used |= columns_of(plan.group)
        names = [name for name in table.columns if name not in used]
    # A struct without fields says nothing, and Parquet cannot hold one.
    names = [name for name in names if table.schema[name] != pl.Struct({})]
    return table.select(pl.struct(names).alias("extra"))["extra"] if names else None


def told_apart(ids: Sequence[pl.Series], context: Context) -> pl.Series | None:
    """The ids of all parts made unique: the second row of an id gets ``#2``, as the manifest says; None if they are.

    Raises:
        ReadError: a row without an id, or ids that cannot be told apart.
    """
    whole = pl.concat(list(ids), rechunk=False).alias("id")
    if missing := whole.null_count():
        raise ReadError(f"{missing:,} rows have no id; the first is row {whole.is_null().arg_true()[0]} of its split")
    if whole.n_unique() == len(whole):
        return None
    number = pl.int_range(1, pl.len() + 1).over("id")
    apart = whole.to_frame().select(
        pl.when(number > 1).then(pl.format("{}#{}", "id", number)).otherwise("id").alias("id")
    )["id"]
    repeated = whole.filter(~whole.is_first_distinct())
    if apart.is_duplicated().any():
        raise ReadError(f"ids repeat and cannot be told apart, as {repeated[0]!r}; the card needs another `id`")
    context.note(
        len(repeated),
        "whose id occurs earlier, told apart as #2, #3, …",
        repeated.unique(maintain_order=True)[:SHOWN].to_list(),
    )
    return apart


def _answers_within(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Answers that name no option are taken out, and the manifest names their rows."""
    count = pl.col("options").list.len().cast(pl.Int64)
    over = (pl.col("answers").list.max() >= count).fill_null(False) & (count > 0)
    over |= (pl.col("answers").list.min() < 0).fill_null(False)
    wrong = frame.filter(over)
    if wrong.height:
        context.note(
            wrong.height, "with an answer that is not among the options, taken out", wrong["id"][:SHOWN].to_list()
        )
        row = pl.int_range(pl.len()).alias("row")
        kept = (
            frame.select(row, "answers", count.alias("count"))
            .explode("answers", empty_as_null=False, keep_nulls=False)
            .filter(((pl.col("answers") < pl.col("count")) | (pl.col("count") == 0)) & (pl.col("answers") >= 0))
            .group_by("row", maintain_order=True)
            .agg("answers")
        )
        joined = frame.select(row).join(kept, on="row", how="left", maintain_order="left")
        frame = frame.with_columns(_filled(joined["answers"]))
    context.unanswered += int((frame["answers"].list.len() == 0).sum())
    return frame


def _filled(lists: pl.Series) -> pl.Series:
    return lists.to_frame("v").select(pl.col("v").fill_null(pl.lit([], dtype=lists.dtype)).alias("answers"))["answers"]
