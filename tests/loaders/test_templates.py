"""Templates of forms: the packaged ones say what their sources say, and those that people write become exact tokens."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import registry
from loaders.records import Records
from loaders.render import FRAME, said
from loaders.template_files import COMMON, FIELDS, Template, open_template, packaged, parts_of, template_digest
from loaders.tokens import IGNORED
from registry.errors import UnknownOption, UsageError
from tests.support.questions import plain_text, records
from tests.support.trained import tokenizer_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "templates.md"
LINES = {"id": "0", "group": "p7", "split": "train", "language": "en"}

ROWS: dict[str, dict[str, Any]] = {
    "multiple_choice": {
        "question": "Which?",
        "context": "Seen.",
        "options": ["x", "y", "z"],
        "answers": [0, 2],
        "explanation": "As is known.",
    },
    "question_answer": {
        "question": "Why?",
        "context": "Note.",
        "answers": ["So.", "Or so."],
        "explanation": "Because.",
    },
    "dialogue": {"turns": [{"role": "patient", "text": "Hi"}, {"role": "doctor", "text": "Yes?"}], "summary": "Met."},
    "instruction": {"instruction": "Translate.", "input": "febră", "output": "fever"},
    "text_to_text": {"source": "long", "target": "short"},
    "classification": {"text": "Cough.", "labels": ["a", "b"]},
    "text": {"text": "A chapter."},
    "spans": {
        "text": "BRCA1",
        "spans": [{"id": "1", "type": "Gene", "start": [0], "end": [5], "text": "BRCA1", "concepts": []}],
    },
    "text_pair": {"first": "a", "second": "b", "label": "entailment", "score": 0.5},
    "image_pair": {
        "before": {"path": "a.png", "bytes": None},
        "after": {"path": "b.png", "bytes": None},
        "instruction": "Remove it.",
    },
}
"""A record of each schema that can be rendered, with text in every field."""


def row_of(schema: str, **other: Any) -> Records:
    return records(schema, [ROWS[schema] | other])


def one(schema: str, template: Any, **other: Any) -> list[tuple[str, str]]:
    """The segments of one record."""
    return [tuple(part) for part in row_of(schema, **other).render(template)[0]]


def spoken(schema: str, template: Any, **other: Any) -> tuple[str, str]:
    """What the user says of one record, and what the assistant says."""
    made = one(schema, template, **other)
    answer = "".join(text for role, text in made if role.startswith("assistant"))
    return "".join(text for role, text in made if not role.startswith("assistant")), answer


PROMPTS = {
    ("alpaca", "instruction"): (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nTranslate.\n\n### Input:\nfebră\n\n### Response:",
        "fever",
    ),
    ("medmcqa-lm-eval", "multiple_choice"): ("Question: Which?\nChoices:\nA. x\nB. y\nC. z\nAnswer:", " A, C"),
    ("medqa-lm-eval", "multiple_choice"): ("Question: Which?\nA. x\nB. y\nC. z\nAnswer:", " A, C"),
    ("mmlu", "multiple_choice"): ("Which?\nA. x\nB. y\nC. z\nAnswer:", " A, C"),
    ("pubmedqa-lm-eval", "multiple_choice"): ("Abstract: Seen.\nQuestion: Which?\nAnswer:", " x"),
    ("pubmedqa-lm-eval", "question_answer"): ("Abstract: Note.\nQuestion: Why?\nAnswer:", " So."),
    ("medqaro", "question_answer"): ("Intrebare: Why? Context: Note. Raspuns:", " So.\nOr so."),
}
"""What the user and the assistant say by each packaged template that has forms, as its source writes it."""


@pytest.mark.parametrize(("name", "schema"), PROMPTS)
def test_a_packaged_template_says_what_its_source_says(name: str, schema: str) -> None:
    assert spoken(schema, name) == PROMPTS[name, schema]


def test_every_form_that_is_packaged_is_written_out_here_and_names_its_source() -> None:
    forms = {(name, schema) for name in packaged() for schema in open_template(name).forms}
    assert forms == set(PROMPTS)
    assert all(re.match(r"github\.com/[\w-]+/[\w-]+\b", open_template(name).source or "") for name, _ in forms)
    assert all(open_template(name).summary and open_template(name).name == name for name in packaged())
    assert packaged()[:2] == ("chat", "plain")


@pytest.mark.parametrize(
    ("name", "schema", "without", "prompt"),
    [
        (
            "alpaca",
            "instruction",
            {"input": None},
            "Below is an instruction that describes a task. Write a response that appropriately completes the "
            "request.\n\n### Instruction:\nTranslate.\n\n### Response:",
        ),
        ("pubmedqa-lm-eval", "multiple_choice", {"context": None}, "Question: Which?\nAnswer:"),
        ("medqaro", "question_answer", {"context": "  "}, "Intrebare: Why? Raspuns:"),
    ],
)
def test_an_optional_part_is_left_out_with_its_field(
    name: str, schema: str, without: dict[str, Any], prompt: str
) -> None:
    assert spoken(schema, name, **without)[0] == prompt


@pytest.mark.parametrize("schema", ROWS)
@pytest.mark.parametrize("name", [name for name in packaged() if not open_template(name).forms])
def test_a_template_without_forms_renders_every_schema(name: str, schema: str) -> None:
    roles = {role for role, _ in one(schema, name)}
    assert roles <= {"user", "context", "assistant"}
    assert tokens_of(row_of(schema), name)


def tokens_of(made: Records, template: Any, family: str = "byte_headers", **options: Any) -> list[list[int]]:
    tokens = made.tokenize(tokenizer_of(family), template=template, **options)
    return [tokens[row]["input_ids"].tolist() for row in range(len(tokens))]


def test_the_schemas_that_are_written_out_here_are_all_that_can_be_rendered() -> None:
    assert set(ROWS) == set(FIELDS)


@pytest.mark.parametrize(("schema", "field"), [(schema, field) for schema, own in FIELDS.items() for field in own])
def test_every_field_holds_text_of_the_record(schema: str, field: str) -> None:
    text = "".join(part for _, part in one(schema, {"for": {schema: {"user": f"<{{{field}}}>", "assistant": "{id}"}}}))
    assert re.match(r"<.+>", text, re.DOTALL)


@pytest.mark.parametrize("schema", ROWS)
def test_every_schema_has_the_common_fields(schema: str) -> None:
    frame = row_of(schema).frame.with_columns(pl.lit(value).alias(name) for name, value in LINES.items())
    form = {"user": "{id} {split} {group} {language}", "assistant": f"{{{FIELDS[schema][0]}}}"}
    made = Records(frame, schema).render({"for": {schema: form}})[0]
    assert "".join(text for role, text in made if role.startswith("user")) == "0 train p7 en"
    assert set(LINES) == set(COMMON)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({}, "A. x\nC. z"),
        ({"answer": "letter"}, "A\nC"),
        ({"answer": "letter", "several": "comma"}, "A, C"),
        ({"answer": "letter", "several": "first"}, "A"),
        ({"answer": "text", "several": "comma"}, "x, z"),
        ({"answer": "text"}, "x\nz"),
        ({"answer": "letter-and-text", "several": "first"}, "A. x"),
        ({"rationale": "before"}, "As is known.\n\nA. x\nC. z"),
        ({"answer": "letter", "several": "first", "rationale": "after"}, "A\n\nAs is known."),
    ],
)
def test_options_say_how_an_answer_is_written(options: dict[str, str], answer: str) -> None:
    assert spoken("multiple_choice", {"options": options})[1] == answer


def test_a_rationale_that_a_record_lacks_leaves_the_answer_alone() -> None:
    assert spoken("question_answer", "chat-rationale")[1] == "Because.\n\nSo.\nOr so."
    assert spoken("question_answer", "chat-rationale", explanation=None)[1] == "So.\nOr so."
    assert spoken("multiple_choice", "chat-letters")[1] == "A, C"


def test_literal_text_has_the_role_of_the_frame_and_long_fields_are_context() -> None:
    assert one("question_answer", "medqaro") == [
        ("user-frame", "Intrebare: "),
        ("user", "Why?"),
        ("user-frame", " Context: "),
        ("context", "Note."),
        ("user-frame", " Raspuns:"),
        ("assistant-frame", " "),
        ("assistant", "So.\nOr so."),
    ]


def test_an_answer_that_is_not_published_takes_its_literal_text_with_it() -> None:
    assert spoken("question_answer", "medqaro", answers=[]) == ("Intrebare: Why? Context: Note. Raspuns:", "")


def test_a_dialogue_is_said_turn_by_turn_or_as_a_whole() -> None:
    talk = {
        "turns": [{"role": "patient", "text": "Hi"}, {"role": "doctor", "text": "Yes?"}, {"role": "x", "text": " "}]
    }
    form = {"system": "Be kind.\n", "user": "<{role}> {text}\n", "assistant": "Doctor: {text}\n"}
    made = one("dialogue", {"for": {"dialogue": form}}, **talk)
    assert "".join(text for _, text in made) == "Be kind.\n<patient> Hi\nDoctor: Yes?\n"
    assert [text for role, text in made if not role.endswith(FRAME)] == ["patient", "Hi", "Yes?"]
    named = {"system": "In {language}.", "user": "{id}: {text}", "assistant": "{text}"}
    made = one("dialogue", {"for": {"dialogue": named}}, **talk, language="en")
    assert made[:5] == [
        ("system-frame", "In "),
        ("system", "en"),
        ("system-frame", "."),
        ("user", "0"),
        ("user-frame", ": "),
    ]
    assert (
        one("dialogue", {"for": {"dialogue": form}}, turns=talk["turns"][2:] + talk["turns"][:1])[0][1] == "Be kind.\n"
    )
    whole = {"user": "Sum up:\n{dialogue}\n", "assistant": "{summary}"}
    assert spoken("dialogue", {"for": {"dialogue": whole}}) == ("Sum up:\npatient: Hi\ndoctor: Yes?\n", "Met.")


WRITTEN = """\
name: ward
layout: plain
options: {answer: letter, several: first, rationale: none}
for:
  multiple_choice:
    user: "{{ward}} {question}\\n[[Seen: {context}\\n]]{options}\\nSay:"
    assistant: " {answer}."
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    place = tmp_path / "ward.yaml"
    place.write_text(WRITTEN, encoding="utf-8")
    return place


@pytest.mark.parametrize(("family", "end"), [("byte_headers", "<|endoftext|>"), ("wordpiece", "[SEP]")])
def test_a_file_becomes_the_tokens_of_its_whole_text_encoded_at_once(written: Path, family: str, end: str) -> None:
    tokenizer = tokenizer_of(family)
    rows = [ROWS["multiple_choice"] | {"context": context} for context in ("Seen.", None, "Fever, cough")]
    made = records("multiple_choice", rows)
    texts = [
        f"{{ward}} Which?\n{seen}A. x\nB. y\nC. z\nSay: A." for seen in ("Seen: Seen.\n", "", "Seen: Fever, cough\n")
    ]
    ids = [
        [
            *tokenizer.encode("").ids[:1],
            *tokenizer.encode(text, add_special_tokens=False).ids,
            tokenizer.token_to_id(end),
        ]
        for text in texts
    ]
    assert tokens_of(made, written, family) == ids
    assert tokens_of(made, str(written), family) == ids


@given(
    question=plain_text.filter(str.strip),
    context=plain_text,
    answer=plain_text.filter(str.strip),
    family=st.sampled_from(["byte_headers", "unigram", "wordpiece_spaces", "llama"]),
)
@settings(max_examples=25, deadline=None)
def test_so_does_any_text(question: str, context: str, answer: str, family: str) -> None:
    tokenizer = tokenizer_of(family)
    row = {"question": question, "context": context, "answers": [answer]}
    made = records("question_answer", [row])
    whole = "".join(part.text for part in made.render("medqaro")[0])
    if any(token.content in whole for token in tokenizer.get_added_tokens_decoder().values()):
        return
    seen = f" Context: {context}" if context.strip() else ""
    assert whole == f"Intrebare: {question}{seen} Raspuns: {answer}"
    (ids,) = tokens_of(made, "medqaro", family, max_length=10_000)
    inner = tokenizer.encode(whole, add_special_tokens=False).ids
    assert any(ids[start : start + len(inner)] == inner for start in (0, 1))


def test_loss_is_taken_on_the_answer_with_what_the_form_puts_into_it(written: Path) -> None:
    tokenizer = tokenizer_of("byte_headers")
    row = row_of("multiple_choice").tokenize(tokenizer, template=written)[0]
    labels = row["labels"][row["labels"] != IGNORED].tolist()
    assert tokenizer.decode(labels, skip_special_tokens=False) == " A.<|endoftext|>"


@pytest.mark.parametrize("truncate", ["context", "context-head", "context-middle"])
def test_of_a_row_that_is_too_long_the_context_is_cut_and_never_the_form_or_the_answer(
    written: Path, truncate: str
) -> None:
    tokenizer = tokenizer_of("byte_headers")
    made = row_of("multiple_choice", context=" ".join(f"word{number}" for number in range(60)))
    (ids,) = tokens_of(made, written, max_length=60, truncate=truncate)
    text = tokenizer.decode(ids, skip_special_tokens=False).lstrip()
    assert len(ids) <= 60
    assert text.startswith("{ward} Which?\nSeen: ")
    assert text.endswith("\nA. x\nB. y\nC. z\nSay: A.<|endoftext|>")


def test_literal_text_stays_even_where_nothing_of_the_context_does(written: Path) -> None:
    made = row_of("multiple_choice", context="word " * 60)
    bare = tokens_of(row_of("multiple_choice", context="w"), written)[0]
    (ids,) = tokens_of(made, written, max_length=len(bare))
    text = tokenizer_of("byte_headers").decode(ids)
    assert "Seen:" in text
    assert text.endswith("Say: A.")
    with pytest.warns(UserWarning, match="do not fit"):
        assert tokens_of(made, written, max_length=20) == []


def test_a_template_is_a_name_a_file_a_mapping_or_a_template(written: Path) -> None:
    mapping = yaml.safe_load(WRITTEN)
    given = [written, str(written), mapping, registry.Template(**mapping), registry.Template.model_validate(mapping)]
    assert len({template_digest(template) for template in given}) == 1
    assert registry.Template is Template
    assert open_template("mmlu") is open_template("mmlu")


def test_the_digest_is_that_of_all_that_shapes_the_text_and_of_nothing_else() -> None:
    mapping = yaml.safe_load(WRITTEN)
    same = [mapping | {"name": "other"}, mapping | {"summary": "s"}, mapping | {"source": "here"}]
    assert {template_digest(other) for other in same} == {template_digest(mapping)}
    form = mapping["for"]["multiple_choice"]
    others = [
        mapping | {"layout": "chat"},
        mapping | {"options": {"answer": "text"}},
        mapping | {"for": {"multiple_choice": form | {"user": form["user"] + " "}}},
        mapping | {"for": {"multiple_choice": form | {"system": "s"}}},
    ]
    assert len({template_digest(other) for other in [mapping, *others]}) == 5
    assert len({template_digest(name) for name in packaged()}) == len(packaged())
    made = row_of("multiple_choice").tokenize(tokenizer_of("byte_headers"), template=mapping)
    assert made.manifest["template"] == {"name": "ward", "sha256": template_digest(mapping), "layout": "plain"}


def test_all_problems_of_a_file_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    place = tmp_path / "wrong.yaml"
    place.write_text("name: Wrong Name\nlayuot: plain\noptions: {answer: number}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"wrong.yaml is no template") as caught:
        open_template(place)
    told = str(caught.value)
    assert [int(line) for line in re.findall(r"wrong\.yaml:(\d+)", told)] == [1, 2, 3]
    assert "layuot" in told
    assert "letter-and-text" in told


FORMS = {
    "{question": "a { stands alone",
    "question}": "a } stands alone",
    "[[a]] {question}": "has no {field}",
    "[[{question}": "not closed",
    "{question}]]": "closes nothing",
    "[[{question} [[{context}]]]]": r"[[ stands inside [[",
    "{question?}": "outside of [[",
    "{Question}": "a { stands alone",
    "{questoin}": "no field {questoin}; it has question, context, answer, explanation, id",
    "Say something.": "no {field} in it",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_cannot_be_read_is_told_with_its_schema(form: str) -> None:
    with pytest.raises(UsageError, match=re.escape(FORMS[form])) as caught:
        open_template({"for": {"question_answer": {"user": form}}})
    assert "for.question_answer" in str(caught.value)


def test_problems_of_several_forms_are_told_together() -> None:
    forms = {"question_answer": {"user": "{a}"}, "poem": {"user": "{text}"}, "dialogue": {"user": "{text}{summary}"}}
    with pytest.raises(UsageError) as caught:
        open_template({"for": forms})
    told = str(caught.value)
    assert all(
        part in told for part in ("no field {a}", "'poem' cannot be rendered", "a form has the ones or the other")
    )


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ("fancy", UnknownOption, "it is one of: chat, plain, alpaca"),
        ("no/such.yaml", UsageError, "no/such.yaml: no such template file; the packaged ones are chat"),
        (Path("ward"), UsageError, "ward: no such template file"),
        (7, UsageError, "a int is no template"),
        ({"for": 3}, UsageError, "for"),
    ],
)
def test_what_is_no_template_is_refused(given: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=re.escape(told)):
        open_template(given)


@pytest.mark.parametrize(
    "content", ["", "- a\n", "a: [\n", "for: !!python/object/apply:os.system [id]\n", "a: &a [*a]\n"]
)
def test_a_file_that_is_no_template_is_refused(content: str, tmp_path: Path) -> None:
    place = tmp_path / "t.yaml"
    place.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"t\.yaml is no template"):
        open_template(place)


def test_a_schema_without_a_form_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match="'mmlu' has no form for records of the schema text; it has one for multiple_ch"
    ):
        row_of("text").render("mmlu")


def test_records_whose_fields_are_all_missing_are_refused() -> None:
    made = row_of("question_answer", question=None, context=None)
    with pytest.raises(UsageError, match="holds text to make tokens of"):
        made.render("medqaro")


@given(st.text(st.sampled_from("{}[]ab? \n"), max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_form_is_read_or_refused(form: str) -> None:
    try:
        parts = parts_of(form)
    except ValueError:
        return
    signs = re.sub(r"\{\{|\}\}", lambda brace: brace[0][0], re.sub(r"\[\[|\]\]", "", form))
    assert "".join(part.text or f"{{{part.field}{'?' * part.asked}}}" for part in parts) == signs


def test_the_texts_of_records_are_not_copied() -> None:
    long = "word " * 2_000
    frame = records("question_answer", [{"question": f"Q{n}", "context": long, "answers": ["a"]} for n in range(500)])
    made = said(frame.frame, "question_answer", open_template("medqaro"))
    assert made.height == 500 * 7
    assert made["row"].to_list() == [row for row in range(500) for _ in range(7)]


def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOCS.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (template,) = re.findall(r"```yaml\n# ward\.yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "ward.yaml").write_text(template, encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    tokenizer = tokenizer_of("byte_chatml")
    names: dict[str, Any] = {"records": row_of("multiple_choice"), "tokenizer": tokenizer}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(code, names)
    (shown,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert repr(names["segments"]) + "\n" == shown
    assert tokenizer.decode(names["tokens"][0]["input_ids"].tolist(), skip_special_tokens=False).startswith(
        "<|im_start|>user\nQuestion on a ward round"
    )


def test_the_documentation_tells_of_every_packaged_template_field_and_option() -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = {cells[1].strip(" `"): line for line in text.splitlines() if len(cells := line.split("|")) > 3}
    for name in packaged():
        template = open_template(name)
        assert name in rows
        for word in re.findall(r"github\.com/[\w-]+/[\w-]+", template.source or ""):
            assert word in rows[name]
    for schema, own in FIELDS.items():
        assert all(f"`{field}`" in rows[schema] for field in own)
    for option in ("letter", "text", "letter-and-text", "lines", "comma", "first", "none", "before", "after"):
        assert f"`{option}`" in text
