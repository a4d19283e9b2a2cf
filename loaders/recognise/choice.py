"""Questions with options."""

from __future__ import annotations

import polars as pl

from loaders.recognise.answers import Chosen, choose
from loaders.recognise.common import one_text, same_question, with_context
from loaders.recognise.guess import Proposal
from loaders.recognise.options import Options, numbered, options_in, runs
from loaders.recognise.table import Table, filled
from loaders.recognise.words import folded, wrong_stem

REPEATED = r"(?s)\n(?:Answer Choices|Answer choices|Options|Choices): ?.*$"
MOSTLY = 0.95


def propose(table: Table) -> Proposal | None:
    """Multiple choice: options in any form, a question, and an answer that values prove to name options."""
    found = options_in(table)
    if not found:
        return _right_and_wrong(table) or _yes_no_maybe(table) or _unread(table)
    tried = [(options, _chosen(table, options)) for options in found]
    sure = [pair for pair in tried if pair[1].reading is not None and pair[1].doubt is None]
    options, chosen = (sure or tried)[0]
    proposal = _with(table, options, chosen)
    if len(found) > 1:
        told = "; ".join(option.why for option in found)
        proposal = proposal.doubted(0.6, f"there are several columns of options: {told}")
    return proposal


def _chosen(table: Table, options: Options) -> Chosen:
    names = [name for name in table.meant("answer") if name not in options.columns]
    return choose(table, names, options)


def _with(table: Table, options: Options, chosen: Chosen) -> Proposal:
    proposal = Proposal("multiple_choice", {}, 1.0, (options.why,)).having(
        {"options": options.pipeline}, *options.columns
    )
    if chosen.reading is not None:
        proposal = proposal.having({"answers": chosen.reading.pipeline}, chosen.reading.column)
    proposal = proposal.because(*chosen.why)
    if chosen.doubt:
        proposal = proposal.doubted(0.4, chosen.doubt)
    if options.trouble:
        proposal = proposal.doubted(0.5, options.trouble)
    question, doubt = one_text(table, "question", proposal.uses)
    if question is None:
        proposal = proposal.doubted(0.6, "there are options and no column that is called a question")
    else:
        fields = {"question": question, **proposal.fields}
        proposal = Proposal(
            proposal.schema, fields, proposal.confidence, proposal.why, proposal.unclear, proposal.uses | {question}
        )
        proposal = _cut(table, proposal, question, options)
    if doubt or (doubt := same_question(table, question) if question else None):
        proposal = proposal.doubted(0.5, doubt)
    return with_context(table, proposal)


def _cut(table: Table, proposal: Proposal, question: str, options: Options) -> Proposal:
    """The question without the options, where it repeats them at its end."""
    texts = table.frame[question].str.extract(f"({REPEATED})")
    last = options.lists.list.drop_nulls().list.last()
    again = pl.DataFrame({"t": texts, "l": last}).select(
        pl.col("t").str.contains(pl.col("l"), literal=True).fill_null(False).mean().alias("again")
    )["again"][0]
    if (again or 0) < MOSTLY:
        return proposal.because(f"the question in {question}")
    cut = [question, {"replace": {"pattern": REPEATED, "by": ""}}]
    made = table.value(cut)
    if made is None or filled(made) < MOSTLY:
        return proposal.because(f"the question in {question}")
    return proposal.having({"question": cut}).because(f"the question in {question}, without the options at its end")


def _unread(table: Table) -> Proposal | None:
    """A column that is called options and cannot be read as such: without it the question would be another one."""
    there = [name for name in table.meant("options") if filled(table.frame[name]) > 0.02]
    if table.meant("question"):
        there += [name for run in runs(table.columns) if len(run) > 2 and all(map(table.is_text, run)) for name in run]
    if not there:
        return None
    told = f"{', '.join(there)} may hold options, and they could not be read"
    return Proposal("multiple_choice", {}).doubted(0.4, told)


def _right_and_wrong(table: Table) -> Proposal | None:
    """GPQA, SciQ and what is made like them: the right answer in one column, wrong ones in others."""
    wrong = [names for stem, names in numbered(table.columns).items() if wrong_stem(stem)]
    right = [name for name in table.columns if folded(name) in ("correct answer", "right answer", "answer", "correct")]
    question, doubt = one_text(table, "question")
    if len(wrong) != 1 or not right or question is None:
        return None
    names = [right[0], *wrong[0]]
    if any(table.dtype(name).is_nested() or table.dtype(name) != table.dtype(right[0]) for name in names):
        return None
    # In order of the text, or the right one would always be the first.
    options = [{"columns": names}, "sort"]
    fields = {"question": question, "options": options, "answers": [right[0], {"index_in": options}]}
    why = f"the right option in {right[0]}, wrong ones in {', '.join(wrong[0])}"
    proposal = Proposal("multiple_choice", fields, 0.95, (why,)).having({}, question, *names)
    if doubt or len(right) > 1:
        proposal = proposal.doubted(0.5, doubt or f"{' and '.join(right)} may each be the right option")
    return with_context(table, proposal)


def _yes_no_maybe(table: Table) -> Proposal | None:
    """PubMedQA and what is made like it: a decision of yes, no or maybe beside a long answer."""
    decisions = [name for name in table.columns if folded(name) == "final decision" and table.dtype(name) == pl.String]
    question, doubt = one_text(table, "question")
    if len(decisions) != 1 or question is None:
        return None
    decision = decisions[0]
    if not set(table.frame[decision].drop_nulls().unique()) <= {"yes", "no", "maybe"}:
        return None
    options = {"constant": ["yes", "no", "maybe"]}
    fields = {"question": question, "options": options, "answers": [decision, {"index_in": options}]}
    proposal = Proposal("multiple_choice", fields, 0.95, (f"{decision} says yes, no or maybe",))
    proposal = proposal.having({}, question, decision)
    if doubt:
        proposal = proposal.doubted(0.5, doubt)
    long = [name for name in table.columns if folded(name) == "long answer" and table.is_text(name)]
    if long:
        proposal = proposal.having({"explanation": long[0]}, long[0])
    for name in table.meant("context"):
        dtype = table.dtype(name)
        if isinstance(dtype, pl.Struct):
            inner = [entry.name for entry in dtype.fields if entry.dtype == pl.List(pl.String)]
            contexts = [entry for entry in inner if folded(entry) == "contexts"]
            if contexts:
                proposal = proposal.having({"context": [name, {"get": contexts[0]}, {"join": "\n"}]}, name)
    return with_context(table, proposal) if "context" not in proposal.fields else proposal
