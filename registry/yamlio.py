"""Reading YAML that people write: one bounded parse, and every problem of a file with its line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, overload

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from registry.errors import CardError, Problem

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
"""Values of a file once its aliases (``*name``) are written out: a few lines can stand for billions."""
T = TypeVar("T")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader, which also notes keys that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[yaml.ScalarNode] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        seen: set[str] = set()
        self.twice += [key for key in own if key.value in seen or seen.add(key.value)]  # type: ignore[func-returns-value]
        self.flatten_mapping(node)  # what `<<: *name` brings in comes first, so that own keys take its place
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key cannot be a list", key_node.start_mark)
            found[key] = self.construct_object(value_node, deep=deep)
        return found


class _Parsed:
    """The data of a file with the nodes they came from, or the problems that forbid both."""

    def __init__(self, path: Path, expects: type) -> None:
        self.path = path
        self.data: Any = None
        self.root: yaml.Node | None = None
        self.problems: list[Problem] = []
        self._parse(expects)

    def _add(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line, "", message))

    def _parse(self, expects: type) -> None:
        text = self._text()
        if text is None:
            return
        loader = _Loader(text)
        try:
            self.root = loader.get_single_node()
            if self.root is not None:
                if "&" in text and "*" in text and _weight(self.root, {}) > MAX_NODES:
                    raise yaml.YAMLError(
                        f"its aliases (*name) stand for more than {MAX_NODES} values or for themselves"
                    )
                self.data = loader.construct_document(self.root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._add(mark.line + 1 if mark else 0, _parse_message(error, text))
        except yaml.YAMLError as error:
            self._add(0, f"is no YAML: {error}")
        except RecursionError:
            self._add(0, "is nested too deeply")
        except (ValueError, OverflowError) as error:
            lines = [node.start_mark.line for node in loader.recursive_objects if isinstance(node, yaml.ScalarNode)]
            self._add(max(lines, default=-1) + 1, f"has a value that cannot be read ({error}); put it in quotes")
        else:
            for key in loader.twice:
                self._add(key.start_mark.line + 1, f"the key {key.value!r} stands twice")
            if self.data is None:
                self._add(0, "is empty; a card needs at least its required keys")
            elif not isinstance(self.data, expects):
                self._add(1, f"is {_kind(self.data)}, but {_kind(expects())} is expected here")
        finally:
            loader.dispose()

    def _text(self) -> str | None:
        """The file as text; ``None`` with a problem noted where it cannot be a card."""
        try:
            size = self.path.stat().st_size
            raw = self.path.read_bytes() if size <= MAX_BYTES else b""
        except OSError as error:
            self._add(0, f"cannot be read: {error.strerror or error}")
            return None
        if size > MAX_BYTES:
            self._add(0, f"has {size / 1e6:.1f} MB; a card has at most {MAX_BYTES // 1_000_000} MB")
            return None
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._add(line, f"is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8")
            return None
        if re.match(r"\s*<(!doctype|html|\?xml|head|body)\b", text, re.IGNORECASE):
            self._add(1, "is an HTML or XML page, not a card; was a web page saved in its place?")
            return None
        return text


def load_yaml(path: Path, expects: type = dict) -> Any:
    """The data of a YAML file: mappings, lists, text, numbers, truth values, dates; nothing is ever executed.

    Raises:
        CardError: too large, not UTF-8, not YAML, empty, a key that stands twice, or not of type `expects`.
    """
    parsed = _Parsed(path, expects)
    if parsed.problems:
        raise CardError(parsed.problems)
    return parsed.data


@overload
def check(path: Path, model: type[T]) -> tuple[T | None, list[Problem]]: ...
@overload
def check(path: Path, model: Any) -> tuple[Any, list[Problem]]: ...
def check(path: Path, model: Any) -> tuple[Any, list[Problem]]:
    """Read a file as `model` (a pydantic model, or ``list[Model]``).

    Returns the instance and no problem, or ``None`` and *all* problems of the file, each with its line.
    """
    parsed = _Parsed(path, list if get_origin(model) is list else dict)
    if parsed.root is None or not isinstance(parsed.data, list if get_origin(model) is list else dict):
        return None, parsed.problems
    try:
        instance = adapter(model).validate_python(parsed.data)
    except ValidationError as error:
        found = problems(error, path, model, lambda loc: _line(parsed.root, loc))
        return None, sorted([*parsed.problems, *found], key=lambda problem: problem.line)
    return (None, parsed.problems) if parsed.problems else (instance, [])


def line_of(path: Path, loc: Sequence[str | int]) -> int:
    """The 1-based line of the value at `loc` in a file, or of its nearest parent; 0 when the file cannot be parsed."""
    return _line(_Parsed(path, object).root, loc)[0]


@lru_cache(maxsize=16)
def adapter(model: Any) -> TypeAdapter[Any]:
    """The validator of a model or of a list of models, built once."""
    return TypeAdapter(model)


def problems(error: ValidationError, path: Path, model: Any, line: Any) -> list[Problem]:
    """The problems of a validation error in plain words.

    `line` takes a location and gives its line and how many parts of the location exist in the file.
    """
    found: dict[tuple[str, int], list[str]] = {}
    for item in error.errors(include_url=False, include_context=False):
        loc = item["loc"]
        at, depth = line(loc)
        kept = loc if item["type"] in ("missing", "extra_forbidden") else loc[:depth]
        message = _plain(item, model)
        messages = found.setdefault((dotted(kept), at), [])
        if message not in messages:
            messages.append(message)
    return [Problem(path, at, where, ", or ".join(messages)) for (where, at), messages in found.items()]


def _line(node: yaml.Node | None, loc: Sequence[str | int]) -> tuple[int, int]:
    line, depth = (node.start_mark.line + 1 if node else 0), 0
    for part in loc:
        below: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    below, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
            line = below.start_mark.line + 1
        elif node is not None and part == 0:
            below = node  # one value where a list may stand
        if below is None:
            break
        node, depth = below, depth + 1
    return line, depth


_FORMS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "date_type": "a date as 2026-01-31",
    "date_parsing": "a date as 2026-01-31",
    "date_from_datetime_parsing": "a date as 2026-01-31",
}


def _plain(item: Any, model: Any) -> str:
    kind, value, loc = item["type"], item["input"], item["loc"]
    if kind == "missing":
        return "this key is required and missing"
    if kind == "extra_forbidden":
        names = _names(model, loc)
        near = get_close_matches(str(loc[-1]), names, 3, 0.6)
        return "unknown key" + (f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(names)}")
    if kind in _FORMS:
        shown = _kind(value)
        quotes = kind == "string_type" and not isinstance(value, list | dict | type(None))
        what = "the key" if loc and loc[-1] == "[key]" else "the value"
        hint = f"; put it in quotes: '{value}'" if quotes else ""
        return f"{what} must be {_FORMS[kind]}, not {shown}{hint}"
    if kind == "string_pattern_mismatch":
        return f"{str(value)[:80]!r} is not of the form {item['msg'].split('pattern ', 1)[-1]}"
    message: str = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{str(value)[:80]!r} {message}" if item["msg"].startswith("Input ") else message


def _kind(value: Any) -> str:
    """What a value is, in the words of someone who writes YAML."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {str(value)[:40]}"
    if isinstance(value, dt.date):
        return f"the date {value}"
    if isinstance(value, dict):
        return "a mapping of keys to values"
    if isinstance(value, list | tuple):
        return "a list"
    return f"the text {str(value)[:40]!r}"


def _names(model: Any, loc: Sequence[str | int]) -> list[str]:
    """The keys that may stand where the last part of `loc` stands."""
    current = _model_in(model)
    for part in loc[:-1]:
        if current is None:
            return []
        fields = {info.alias or name: info.annotation for name, info in current.model_fields.items()}
        if part in fields:
            current = _model_in(fields[str(part)])
    return [info.alias or name for name, info in current.model_fields.items()] if current else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        if (found := _model_in(inner)) is not None:
            return found
    return None


def dotted(loc: Sequence[str | int]) -> str:
    """A location as people write it: ``files[0].path``."""
    out = ""
    for part in loc:
        out += f"[{part}]" if isinstance(part, int) else f"{'.' if out else ''}{part}"
    return out


def _parse_message(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or "cannot be parsed"
    mark = error.problem_mark
    lines = text.splitlines()
    if mark and mark.line < len(lines) and re.match(r" *\t", lines[mark.line]):
        return "a tab at the beginning of the line; YAML is indented with blanks"
    if isinstance(error, yaml.constructor.ConstructorError) and "tag" in problem:
        return f"{problem}; a card holds plain values only"
    if "mapping values are not allowed" in problem:
        problem += "; text with a colon and a blank needs quotes"
    context = f" ({error.context})" if error.context else ""
    return f"is no YAML here: {problem}{context}"


def _weight(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for, aliases written out; more than the bound for one that holds itself."""
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1  # met again below itself
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(_weight(item, known) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            total += sum(_weight(key, known) + _weight(value, known) for key, value in node.value)
        known[id(node)] = total
    return known[id(node)]
