"""Questions with written answers, instructions, and texts that become other texts."""

from __future__ import annotations

from typing import Any

import polars as pl

from loaders.recognise.common import one_text, picture_columns, same_question, with_context
from loaders.recognise.guess import Proposal
from loaders.recognise.table import Table
from loaders.recognise.words import folded

OPTIONS_INSIDE = r"(?s)(?:^|\s)\(?A[.):、．]\s*\S.*\s\(?B[.):、．]\s*\S"
FIRST_CHOICE = ("answer", "answers")


def question_answer(table: Table) -> Proposal | None:
    """A question and its answer in words, or in several right wordings."""
    question, doubt = one_text(table, "question")
    if question is None:
        return None
    named = [name for name in table.meant("answer") if name != question]
    written = [(name, pipeline) for name in named if (pipeline := _wordings(table, name)) is not None]
    if not named:
        return None
    proposal = Proposal("question_answer", {"question": question}, 1.0, (f"the question in {question}",))
    proposal = proposal.having({}, question)
    if doubt:
        proposal = proposal.doubted(0.5, doubt)
    if not written:
        told = f"{', '.join(named)} may be the answer and holds no words; there are no options that it could name"
        return proposal.doubted(0.3, told)
    plain = [pair for pair in written if folded(pair[0]) in FIRST_CHOICE]
    name, pipeline = (plain or written)[0]
    proposal = proposal.having({"answers": pipeline}, name).because(f"the answer in {name}")
    if others := [other for other in named if other != name]:
        proposal = proposal.doubted(0.5, f"{', '.join(others)} may be the answer as well as {name}")
    if len(plain) > 1:
        proposal = proposal.doubted(0.5, f"{' and '.join(pair[0] for pair in plain)} may each be the answer")
    if same := same_question(table, question):
        proposal = proposal.doubted(0.5, same)
    inside = table.frame[question].str.contains(OPTIONS_INSIDE).mean() or 0
    if float(inside) > 0.3:  # type: ignore[arg-type]
        proposal = proposal.doubted(0.5, f"options seem to stand inside {question}")
    return with_context(table, proposal)


def _wordings(table: Table, name: str) -> Any:
    """The pipeline of written answers: text, lists of text, or {text: [...]} as SQuAD has them; None for others."""
    dtype = table.dtype(name)
    if dtype == pl.String:
        texts = table.frame[name].drop_nulls().str.strip_chars()
        letters = texts.str.contains(r"^\(?[A-Za-z][.)]?$").mean() or 0
        if not len(texts) or float(letters) > 0.3 or table.numbers(name) is not None:  # type: ignore[arg-type]
            return None
        if texts.str.contains(r"^[\[{]").all():
            return None
        return [name, {"null_if": [""]}, "list"]
    if dtype == pl.List(pl.String):
        return name
    if isinstance(dtype, pl.Struct):
        fields = {entry.name: entry.dtype for entry in dtype.fields}
        if set(fields) == {"text", "answer_start"} and fields["text"] == pl.List(pl.String):
            return [name, {"get": "text"}, "unique"]
    return None


def instruction(table: Table) -> Proposal | None:
    """An instruction, perhaps an input, and what a model should say."""
    asked, doubt = one_text(table, "instruction")
    if asked is None:
        return None
    outputs = [name for name in table.meant("output") if name != asked and table.is_text(name)]
    better = [name for name in outputs if folded(name) != "answer"]
    outputs = better or outputs
    if not outputs:
        return None
    proposal = Proposal("instruction", {"instruction": asked, "output": outputs[0]}, 0.95)
    proposal = proposal.having({}, asked, outputs[0])
    proposal = proposal.because(f"the instruction in {asked}, what is answered in {outputs[0]}")
    if doubt:
        proposal = proposal.doubted(0.5, doubt)
    if len(outputs) > 1:
        proposal = proposal.doubted(0.5, f"{' and '.join(outputs)} may each be the output")
    inputs = [name for name in table.meant("input") if name not in proposal.uses and table.dtype(name) == pl.String]
    if len(inputs) == 1:
        name = inputs[0]
        proposal = proposal.having({"input": [name, {"null_if": [""]}]}, name)
    elif not inputs and len(contexts := [name for name in table.meant("context") if table.is_text(name)]) == 1:
        proposal = proposal.having({"input": [contexts[0], {"null_if": [""]}]}, contexts[0])
    elif inputs:
        proposal = proposal.doubted(0.5, f"{' and '.join(inputs)} may each be the input")
    for meaning in ("question", "turns"):
        if rest := [name for name in table.meant(meaning) if name not in proposal.uses]:
            proposal = proposal.doubted(0.6, f"{', '.join(rest)} stands beside {asked}")
    return proposal


def text_to_text(table: Table) -> Proposal | None:
    """A text and what it becomes: a summary, a plainer wording, a translation."""
    targets = [name for name in table.meant("target") if _long(table, name)]
    sources = [name for name in table.meant("source") if name not in targets and _long(table, name)]
    if not targets and {folded(name) for name in sources} == {"article", "abstract"}:
        by_name = {folded(name): name for name in sources}
        if table.lengths(by_name["article"]) > 2 * table.lengths(by_name["abstract"]):
            targets, sources = [by_name["abstract"]], [by_name["article"]]
    if not targets or not sources or table.meant("question"):
        return None
    proposal = Proposal("text_to_text", {"source": sources[0], "target": targets[0]}, 0.95)
    proposal = proposal.having({}, sources[0], targets[0]).because(f"{sources[0]} becomes {targets[0]}")
    labels = [name for name in table.meant("label") if name not in (*sources, *targets)]
    if strong := [name for name in labels if folded(name).startswith(("label", "class"))]:
        proposal = proposal.doubted(0.6, f"{', '.join(strong)} stands beside {sources[0]}")
    for what, names in (("source", sources), ("target", targets)):
        if len(names) > 1:
            proposal = proposal.doubted(0.6, f"{' and '.join(names)} may each be the {what}")
    return proposal


def _long(table: Table, name: str) -> bool:
    return table.is_text(name) and table.lengths(name) > 15 and table.distinct(name) * 2 > table.frame.height


def text(table: Table) -> Proposal | None:
    """Text and nothing that says anything of it."""
    from loaders.recognise.common import strangers

    found = [name for name in table.meant("text") if table.is_text(name)]
    if len(found) != 1 or table.meant("label") or picture_columns(table):
        return None
    proposal = Proposal("text", {"text": found[0]}, 0.9, (f"the text in {found[0]}",)).having({}, found[0])
    if rest := strangers(table, [found[0]]):
        proposal = proposal.doubted(0.6, f"what {', '.join(rest[:8])} says of the text is not known")
    return proposal
