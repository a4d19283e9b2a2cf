"""From the files of one split to a frame in its canonical schema."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import polars as pl

from loaders.mapping import columns_of, evaluate, require
from loaders.plan import SplitPlan
from loaders.read import FILE, ROW, Located, read_files
from loaders.rows import Context, Others, apply, rows
from loaders.schemas import conform
from registry.errors import ReadError

SHOWN = 5


def build(
    plan: SplitPlan, files: Sequence[Located], *, others: Others | None = None, languages: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """Read, arrange and map the files of a split.

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
    table = apply(_read(plan, files), plan.rows, context)
    if not table.height:
        raise ReadError(f"split {plan.name!r}: no row of {files[0].name} is left after the card's `rows`")
    found = {name: evaluate(pipeline, table).alias(name) for name, pipeline in plan.fields.items()}
    if plan.group is not None:
        found["group"] = evaluate(plan.group, table).cast(pl.String).alias("group")
    found["split"] = pl.Series("split", [plan.name]).new_from_index(0, table.height)
    found.setdefault("id", _numbered(plan.name, table.height))
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
    frame = _told_apart(frame, context)
    if plan.schema == "multiple_choice":
        frame = _answers_within(frame, context)
    return frame, context.notes


def _read(plan: SplitPlan, files: Sequence[Located]) -> pl.DataFrame:
    if plan.recipe is None:
        return read_files(files, plan.read)
    module = import_module(f"loaders.recipes.{plan.recipe.replace('-', '_')}")
    frame: pl.DataFrame = module.read(files, plan.read)
    return frame


def _numbered(prefix: str, count: int) -> pl.Series:
    number = pl.int_range(count, dtype=pl.Int64, eager=True).cast(pl.String)
    return (f"{prefix}-" + number).alias("id")


def _extra(plan: SplitPlan, table: pl.DataFrame) -> pl.Series | None:
    """The source columns that no field shows, as one struct; None where there are none."""
    if plan.extra == "none":
        return None
    if isinstance(plan.extra, list):
        require(table, plan.extra)
        names = plan.extra
    else:
        used = {FILE, ROW}
        for pipeline in plan.fields.values():
            used |= columns_of(pipeline)
        if plan.group is not None and not plan.group.steps:
            used |= columns_of(plan.group)
        names = [name for name in table.columns if name not in used]
    # A struct without fields says nothing, and Parquet cannot hold one.
    names = [name for name in names if table.schema[name] != pl.Struct({})]
    return table.select(pl.struct(names).alias("extra"))["extra"] if names else None


def _told_apart(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Ids made unique: the second row of an id gets ``#2``, and the manifest says so."""
    ids = frame["id"]
    if missing := ids.null_count():
        raise ReadError(f"{missing:,} rows have no id; the first is row {ids.is_null().arg_true()[0]} of its split")
    if not ids.is_duplicated().any():
        return frame
    number = pl.int_range(1, pl.len() + 1).over("id")
    apart = frame.with_columns(pl.when(number > 1).then(pl.format("{}#{}", "id", number)).otherwise("id").alias("id"))
    repeated = ids.filter(~ids.is_first_distinct())
    if apart["id"].is_duplicated().any():
        raise ReadError(f"ids repeat and cannot be told apart, as {repeated[0]!r}; the card needs another `id`")
    shown = ", ".join(repeated.unique(maintain_order=True)[:SHOWN])
    context.notes.append(f"{rows(len(repeated))} whose id occurs earlier, told apart as #2, #3, …: {shown}")
    return apart


def _answers_within(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Answers that name no option are taken out, and the manifest names their rows."""
    count = pl.col("options").list.len().cast(pl.Int64)
    over = (pl.col("answers").list.max() >= count).fill_null(False) & (count > 0)
    over |= (pl.col("answers").list.min() < 0).fill_null(False)
    wrong = frame.filter(over)
    if wrong.height:
        ids = ", ".join(wrong["id"][:SHOWN])
        context.notes.append(f"{rows(wrong.height)} with an answer that is not among the options, taken out: {ids}")
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
    if unanswered := int((frame["answers"].list.len() == 0).sum()):
        context.notes.append(f"{rows(unanswered)} without an answer")
    return frame


def _filled(lists: pl.Series) -> pl.Series:
    return lists.to_frame("v").select(pl.col("v").fill_null(pl.lit([], dtype=lists.dtype)).alias("answers"))["answers"]
