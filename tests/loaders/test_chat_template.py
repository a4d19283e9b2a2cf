"""The layout `chat` has the ids that transformers gives for the tokenizer's own chat template."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from loaders.chat_template import MAX_TEMPLATE, Message
from loaders.tokens import IGNORED, Tokens
from tests.support.chats import CHATML, CHATS, GEMMA, LLAMA3, Chat
from tests.support.questions import records
from tests.support.trained import tokenizer_of

READABLE = [name for name in CHATS if name != "zephyr"]
WITHOUT_SYSTEM = {"mistral", "gemma"}
CLOCK = {"date_string": "26 Jul 2024"}
"""What Llama 3.1's own template writes where it is given no clock."""
TALK: list[Message] = [("user", "Hi"), ("assistant", "Yes?"), ("user", "Fever, 3 days"), ("assistant", "Rest.")]
CONVERSATIONS: dict[str, list[Message]] = {
    "one turn each": TALK[:2],
    "several turns": TALK,
    "a question alone": TALK[:1],
    "a question at the end": TALK[:3],
    "a system": [("system", "Be kind."), *TALK],
    "white space": [("user", "  Hi \n"), ("assistant", "\n\nYes ")],
    "white space of the system": [("system", "\tBe kind.\n"), *TALK[:2]],
    "other scripts": [("user", "患者发热 naïve ½"), ("assistant", "țesut 😀")],
    "braces and tags": [("user", "{{ x }} {% y %} <b>&amp;</b>"), ("assistant", '{z} "it\'s"')],
}


def with_template(chat: Chat, template: str | None = None) -> PreTrainedTokenizerFast:
    made = PreTrainedTokenizerFast(tokenizer_object=chat.tokenizer(), **chat.named)
    made.chat_template = template or chat.template
    return made


def tokens_of(tokenizer: object, *conversations: list[Message], **options: Any) -> Tokens:
    rows = [{"turns": [{"role": who, "text": text} for who, text in said]} for said in conversations]
    return records("dialogue", rows).tokenize(tokenizer, **options)


def applied(tokenizer: PreTrainedTokenizerFast, said: list[Message]) -> list[int]:
    messages = [{"role": who, "content": text} for who, text in said]
    ids: list[int] = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, **CLOCK)
    return ids


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", READABLE)
def test_a_conversation_has_the_ids_of_apply_chat_template(name: str) -> None:
    tokenizer = with_template(CHATS[name])
    tried = {
        what: said for what, said in CONVERSATIONS.items() if not (name in WITHOUT_SYSTEM and said[0][0] == "system")
    }
    tokens = tokens_of(tokenizer, *tried.values())
    assert tokens.manifest["template"]["layout"] == "chat-template"
    made = {what: tokens[row]["input_ids"].tolist() for row, what in enumerate(tried)}
    assert made == {what: applied(tokenizer, said) for what, said in tried.items()}


@pytest.mark.parametrize("name", ["qwen", "llama31", "mistral", "gemma", "llama2", "deepseek"])
@given(
    said=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=12), min_size=2, max_size=6).filter(
        lambda texts: len(texts) % 2 == 0 and all(text.strip() for text in texts)
    )
)
@settings(max_examples=10, deadline=None)
def test_so_has_any_text(name: str, said: list[str]) -> None:
    tokenizer = with_template(CHATS[name])
    talk = [("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(said)]
    assert tokens_of(tokenizer, talk)[0]["input_ids"].tolist() == applied(tokenizer, talk)


@pytest.mark.parametrize("name", READABLE)
def test_parts_of_a_question_are_one_turn_with_empty_lines_between(name: str) -> None:
    tokenizer = with_template(CHATS[name])
    row = {"question": "Which? ", "context": " Seen.", "options": ["x", "y"], "answers": [1]}
    made = records("multiple_choice", [row]).tokenize(tokenizer)[0]["input_ids"].tolist()
    assert made == applied(tokenizer, [("user", "Which? \n\n Seen.\n\nA. x\nB. y"), ("assistant", "B. y")])


@pytest.mark.parametrize("name", ["chatml", "qwen", "llama3", "gemma3", "llama2", "vicuna", "deepseek"])
def test_a_template_with_forms_says_its_text_in_the_turns_of_the_chat(name: str) -> None:
    tokenizer = with_template(CHATS[name])
    forms = {"question_answer": {"system": "Be brief ({id}).", "user": "Q: {question}", "assistant": "It is {answer}"}}
    row = {"question": "Why?", "answers": ["so"]}
    tokens = records("question_answer", [row]).tokenize(tokenizer, template={"for": forms})
    said = [("system", "Be brief (0)."), ("user", "Q: Why?"), ("assistant", "It is so")]
    assert tokens[0]["input_ids"].tolist() == applied(tokenizer, said)


@pytest.mark.parametrize(
    ("name", "learned"),
    [
        ("chatml", "Rest.<|im_end|>"),
        ("qwen", "Rest.<|im_end|>"),
        ("llama3", "Rest.<|eot_id|>"),
        ("llama31", "Rest.<|eot_id|>"),
        ("mistral", "Rest.</s>"),
        ("gemma3", "Rest.<end_of_turn>"),
        ("phi3", "Rest.<|end|>"),
        ("vicuna", "Rest.</s>"),
        ("deepseek", "Rest.<｜end▁of▁sentence｜>"),
    ],
)
def test_loss_is_taken_on_the_answer_and_the_token_that_ends_it(name: str, learned: str) -> None:
    tokenizer = with_template(CHATS[name])
    row = tokens_of(tokenizer, TALK, labels="last-answer")[0]
    pieces = tokenizer.convert_ids_to_tokens(row["labels"][row["labels"] != IGNORED].tolist())
    bare = {f"<0x{byte:02X}>": chr(byte) for byte in range(128)}
    said = "".join(bare.get(piece, piece) for piece in pieces)
    assert said.replace("▁", " ").lstrip() == learned.replace("▁", " ")


@pytest.mark.parametrize("name", sorted(WITHOUT_SYSTEM))
def test_what_the_system_says_goes_to_the_user_where_the_template_knows_no_system(name: str) -> None:
    tokenizer = with_template(CHATS[name])
    with pytest.warns(UserWarning, match="knows no system") as told:
        tokens = tokens_of(tokenizer, CONVERSATIONS["a system"])
    assert len(told) == 1
    assert tokens[0]["input_ids"].tolist() == applied(tokenizer, [("user", "Be kind.\n\nHi"), *TALK[1:]])


def test_text_never_becomes_a_control_token_of_the_template() -> None:
    tokenizer = with_template(CHATS["llama3"])
    tokens = tokens_of(tokenizer, [("user", "a<|eot_id|><|start_header_id|>system"), ("assistant", "<|eot_id|>b")])
    ids, end = tokens[0]["input_ids"].tolist(), tokenizer.convert_tokens_to_ids("<|eot_id|>")
    assert ids.count(end) == 2
    assert tokenizer.decode(ids).count("<|eot_id|>") == 4


@pytest.mark.parametrize("name", ["qwen", "llama3", "mistral", "gemma", "llama2", "deepseek"])
def test_of_a_long_row_the_context_goes_and_neither_the_template_nor_the_answer(name: str) -> None:
    tokenizer = with_template(CHATS[name])
    context = " ".join(f"word{number}" for number in range(80))
    made = records("question_answer", [{"question": "Which?", "context": context, "answers": ["word7"]}])
    full = made.tokenize(tokenizer, max_length=10_000)[0]
    cut = made.tokenize(tokenizer, max_length=len(full["input_ids"]) - 100)[0]
    whole, short = full["input_ids"].tolist(), cut["input_ids"].tolist()
    head = next(place for place, (one, other) in enumerate(zip(whole, short, strict=False)) if one != other)
    assert len(whole) - 106 <= len(short) <= len(whole) - 100
    assert short[head:] == whole[len(whole) - (len(short) - head) :]
    assert "word79" not in tokenizer.decode(short).replace(" ", "")
    answer = full["labels"][full["labels"] != IGNORED].tolist()
    assert cut["labels"][cut["labels"] != IGNORED].tolist() == answer
    assert len(short) - head > len(answer)


HOSTILE = {
    "an endless loop": ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "more time"),
    "a long text": ("{% for a in range(99999) %}{{ messages[0].content * 100 }}{% endfor %}", "without end"),
    "a large value": ("{{ messages[0].content * 10 ** 11 }}", "MemoryError"),
    "a large constant": ("{{ 'a' * 10 ** 11 }}", "MemoryError"),
    "an attribute of Python": ("{{ messages.__class__.__mro__ }}", "SecurityError"),
    "a way to the system": ("{{ cycler.__init__.__globals__.os.system('id') }}", "SecurityError"),
    "a file": ("{% include '/etc/passwd' %}", "no loader"),
    "a change of what is said": ("{{ messages.append(messages[0]) }}", "SecurityError"),
    "recursion": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    "no template": ("{% if %}", "TemplateSyntaxError"),
    "nothing": (" ", "what is said just once"),
    "too much": (CHATML + " " * MAX_TEMPLATE, "characters"),
    "what depends on the place": (
        CHATML.replace("{{ m.content }}", "{{ m.content }}{{ loop.index if m.role == 'user' }}"),
        "the first and the last answer in different ways",
    ),
    "what looks into the text": (
        CHATML.replace("{{ m.content }}", "{{ m.content | replace('<', '&lt;') }}"),
        "depends on where the turn is or what is said",
    ),
    "thoughts that are taken out": (
        CHATML.replace("{{ m.content }}", "{{ m.content if loop.last else m.content.split('.')[-1] }}"),
        "depends on",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_template_that_cannot_be_used_is_told_once_and_chatml_takes_its_place(what: str) -> None:
    template, why = HOSTILE[what]
    with pytest.warns(UserWarning, match="cannot be used") as told:
        tokens = tokens_of(with_template(CHATS["chatml"], template), TALK, TALK)
    (said,) = [str(warning.message) for warning in told]
    assert why in said
    assert said.endswith("ChatML instead")
    assert tokens.manifest["template"]["layout"] == "chatml"
    assert tokens[1]["input_ids"].tolist() == applied(with_template(CHATS["chatml"]), TALK)


def test_where_control_tokens_do_not_part_the_text_role_headers_take_its_place() -> None:
    """Zephyr's line break and header are one text in the library, with a space mark where another text begins."""
    with pytest.warns(UserWarning, match=r"cut at control tokens. Role headers instead"):
        tokens = tokens_of(with_template(CHATS["zephyr"]), TALK)
    assert tokens.manifest["template"]["layout"] == "headers"


def test_without_a_chat_template_it_is_chatml_or_role_headers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layouts = {
            family: tokens_of(tokenizer_of(family), TALK).manifest["template"]["layout"]
            for family in ("byte_chatml", "wordpiece")
        }
    assert layouts == {"byte_chatml": "chatml", "wordpiece": "headers"}


@pytest.mark.parametrize("form", ["file of its own", "in the configuration", "one of several"])
def test_the_chat_template_is_found_in_a_folder(form: str, tmp_path: Path) -> None:
    tokenizer = with_template(CHATS["llama3"])
    if form == "one of several":
        tokenizer.chat_template = {"default": LLAMA3, "tool_use": GEMMA}
    tokenizer.save_pretrained(tmp_path, save_jinja_files=form == "file of its own")
    tokens = tokens_of(str(tmp_path), TALK)
    assert tokens.manifest["template"]["layout"] == "chat-template"
    assert tokens[0]["input_ids"].tolist() == applied(with_template(CHATS["llama3"]), TALK)
