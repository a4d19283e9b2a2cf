"""Templates as data: what is asked and what is said, for each schema, in YAML that people write.

A form is literal text with ``{field}`` in it; ``[[ … ]]`` is an optional part, left out where a field in it is missing,
and ``{field?}`` in one only asks whether the field is there; ``{{`` and ``}}`` are braces. Nothing is executed.
``docs/templates.md`` tells how one is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from registry.errors import UnknownOption, UsageError
from registry.loadspec import Strict
from registry.yamlio import check, problems

FOLDER = Path(__file__).parents[1] / "registry" / "templates"
MAX_FORM = 20_000

FIELDS: dict[str, tuple[str, ...]] = {
    "multiple_choice": ("question", "context", "options", "answer", "letters", "texts", "explanation"),
    "question_answer": ("question", "context", "answer", "explanation"),
    "dialogue": ("text", "role", "dialogue", "summary"),
    "instruction": ("instruction", "input", "output"),
    "text_to_text": ("source", "target"),
    "classification": ("text", "labels"),
    "text": ("text",),
    "spans": ("text", "spans"),
    "text_pair": ("first", "second", "label"),
    "image_pair": ("instruction",),
}
"""The fields of each schema's forms beside `COMMON`; what they hold is told in `loaders.template_fields`."""
COMMON = ("id", "split", "group", "language")
OF_A_TURN = ("text", "role")
"""Fields of the schema dialogue that are those of one turn: a form with one of them is written for each turn."""

Speaker = Literal["system", "user", "assistant"]


class Part(NamedTuple):
    """A piece of a form: literal text, or else a field, which may be asked for and not written; `optional` numbers the
    ``[[ … ]]`` around it, from 1.
    """

    text: str
    field: str | None
    optional: int
    asked: bool = False


TOKENS = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{([a-z_]+)(\??)\}|[{}]")


@lru_cache(maxsize=512)
def parts_of(form: str) -> tuple[Part, ...]:
    """The pieces of a form.

    Raises:
        ValueError: a brace or bracket that stands alone; says which.
    """
    made: list[Part] = []
    literal, optional, count, at = "", 0, 0, 0

    def flush() -> None:
        nonlocal literal
        if literal:
            made.append(Part(literal, None, optional))
        literal = ""

    for found in TOKENS.finditer(form):
        literal += form[at : found.start()]
        at, sign = found.end(), found[0]
        if sign in ("{{", "}}"):
            literal += sign[0]
        elif sign == "[[" and not optional:
            flush()
            count += 1
            optional = count
        elif sign == "]]" and optional:
            flush()
            if not any(part.field for part in made if part.optional == optional):
                raise ValueError("an optional part [[ … ]] has no {field} that could be missing")
            optional = 0
        elif found[1]:
            flush()
            if found[2] and not optional:
                raise ValueError(f"{sign} stands outside of [[ … ]], where there is nothing to leave out")
            made.append(Part("", found[1], optional, bool(found[2])))
        else:
            why = {"[[": "[[ stands inside [[", "]]": "]] closes nothing"}.get(sign, f"a {sign} stands alone")
            raise ValueError(f"{why} at character {found.start() + 1}; fields are {{name}}, a brace is {{{{ or }}}}")
    literal += form[at:]
    flush()
    if optional:
        raise ValueError("[[ is not closed by ]]")
    return tuple(made)


Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FORM)]


class Form(Strict):
    """What each speaker says of a record; a speaker without a form says nothing."""

    system: Text | None = None
    user: Text | None = None
    assistant: Text | None = None

    def said(self) -> dict[Speaker, tuple[Part, ...]]:
        """The pieces of each speaker's form, in the order of the turns."""
        forms: dict[Speaker, str | None] = {"system": self.system, "user": self.user, "assistant": self.assistant}
        return {speaker: parts_of(form) for speaker, form in forms.items() if form is not None}

    def fields(self) -> set[str]:
        """The fields that are used."""
        return {part.field for parts in self.said().values() for part in parts if part.field}

    def of_turns(self) -> bool:
        """Whether the form is written for each turn of a dialogue."""
        return bool(self.fields() & set(OF_A_TURN))


class Options(Strict):
    """How the field `answer` is written.

    Attributes:
        answer: of multiple-choice questions, the right option's letter, its text, or both as "A. text".
        several: several right answers one a line, joined by ", ", or the first alone.
        rationale: the explanation goes before or after the answer, an empty line between; or nowhere.
    """

    answer: Literal["letter", "text", "letter-and-text"] = "letter-and-text"
    several: Literal["lines", "comma", "first"] = "lines"
    rationale: Literal["none", "before", "after"] = "none"


class Template(Strict):
    """A template: the forms of some schemas, the options of answers, and the layout of turns.

    Attributes:
        name: small letters, digits and hyphens.
        summary: what it is, in a sentence.
        source: where the form was read.
        forms: a form for each schema, `for` in a file; without any, every schema is rendered as `loaders.render` tells.
        layout: "plain", the text alone; "chat", turns in the tokenizer's chat template.
        options: how answers are written.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] = "custom"
    summary: str = ""
    source: str | None = None
    forms: Annotated[dict[str, Form], Field(alias="for")] = Field(default_factory=dict)
    layout: Literal["plain", "chat"] = "chat"
    options: Options = Options()

    @model_validator(mode="after")
    def _known(self) -> Template:
        wrong = []
        for schema, form in self.forms.items():
            if schema not in FIELDS:
                wrong.append(f"for: {schema!r} cannot be rendered; these can: {', '.join(FIELDS)}")
                continue
            try:
                used = form.fields()
            except ValueError as error:
                wrong.append(f"for.{schema}: {error}")
                continue
            if unknown := sorted(used - {*FIELDS[schema], *COMMON}):
                names = ", ".join((*FIELDS[schema], *COMMON))
                wrong.append(f"for.{schema}: no field {', '.join(f'{{{name}}}' for name in unknown)}; it has {names}")
            if not used:
                wrong.append(f"for.{schema}: no {{field}} in it, so nothing of a record")
            if schema == "dialogue" and used & set(OF_A_TURN) and used & {"dialogue", "summary"}:
                wrong.append(
                    "for.dialogue: {text} and {role} are those of one turn, {dialogue} and {summary} of the whole; "
                    "a form has the ones or the others"
                )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def digest(self) -> str:
        """sha256, as hex digits, of all that shapes the text: forms, options and layout; not of name and summary."""
        content = self.model_dump(mode="json", exclude={"name", "summary", "source"}, by_alias=True)
        written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()


def packaged() -> tuple[str, ...]:
    """Names of the templates that come with the package; `chat` and `plain` first."""
    names = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name not in ("chat", "plain")))


def read_template(path: Path) -> Template:
    """A template from a file.

    Raises:
        UsageError: not YAML, or not a template; all problems with their lines.
    """
    found, wrong = check(path, Template)
    if found is None:
        listed = "\n".join(f"  {problem}" for problem in wrong[:50])
        raise UsageError(f"{path.name} is no template:\n{listed}")
    return found


@lru_cache(maxsize=64)
def _packaged(name: str) -> Template:
    return read_template(FOLDER / f"{name}.yaml")


def open_template(given: Any) -> Template:
    """A template from whatever names it.

    Args:
        given: name of a packaged one, path of a YAML file, `Template`, or a mapping with the keys of such a file.

    Raises:
        UnknownOption: no packaged template of this name.
        UsageError: a file, or something else, that is no template.
    """
    if isinstance(given, Template):
        return given
    if isinstance(given, dict):
        try:
            return Template.model_validate(given)
        except ValidationError as error:
            found = problems(error, Path("template"), Template, lambda loc: (0, len(loc)))
            raise UsageError("; ".join(str(problem) for problem in found)) from None
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"a {type(given).__name__} is no template; give a name, a file or a registry.Template")
    text = os.fspath(given)
    names = packaged()
    if text in names:
        return _packaged(text)
    if not isinstance(given, str) or text.endswith((".yaml", ".yml")) or "/" in text or os.sep in text:
        path = Path(text).expanduser()
        if not path.is_file():
            raise UsageError(f"{text[:200]}: no such template file; the packaged ones are {', '.join(names)}")
        return read_template(path)
    raise UnknownOption("template", given, names)


def template_digest(given: Any) -> str:
    """The sha256 of a template's content, whatever names it; equal templates have equal ones."""
    return open_template(given).digest
