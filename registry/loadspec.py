"""The form of a card's `load` block: how files become records, in a closed vocabulary. Nothing in it is evaluated.

A value is a *pipeline*: a source, then steps. ``Question`` takes a column as it is;
``[Answer, {null_if: ["NA"]}, letters]`` takes the column `Answer`, reads "NA" as missing and turns "ABC" into
[0, 1, 2]. The functions behind the words are in `loaders.mapping`, `loaders.steps` and `loaders.rows`; a test keeps
them in step.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)

from registry.vocabulary import CONTAINER, FORMAT, SCHEMA


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


def one_of(words: tuple[str, ...]) -> AfterValidator:
    """A validator that takes only `words` and names near ones when it refuses."""

    def check(value: str) -> str:
        if value not in words:
            from difflib import get_close_matches

            near = get_close_matches(value, words, 3, 0.5)
            hint = f"; near: {', '.join(near)}" if near else f"; one of: {', '.join(words)}"
            raise ValueError(f"{value!r} is not in the vocabulary{hint}")
        return value

    return AfterValidator(check)


LOOK_AROUND = re.compile(r"(?<!\\)\(\?(?:[=!]|<[=!])|(?<!\\)\\[1-9]")


def _pattern(text: str) -> str:
    """A regular expression of Rust's flavour, which Polars runs: no look-around and no back-references."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    if LOOK_AROUND.search(text):
        raise ValueError(f"{text!r} looks around or back, which these regular expressions cannot")
    return text


Regex = Annotated[str, AfterValidator(_pattern)]
Text = str | int | float | bool


class Replace(Strict):
    """A regular expression and what takes the place of its matches."""

    pattern: Regex
    by: str = ""


class MapValues(Strict):
    """`values` must name every value that occurs, unless `default` is given."""

    values: dict[str, Text | list[Text] | None]
    default: Text | None = None
    lenient: bool = False
    """Pass values that are not named through unchanged."""


class Images(Strict):
    """Image paths relative to the dataset's folder: `folder`/value`suffix`."""

    folder: str = ""
    suffix: str = ""


class Turns(Strict):
    """Fields of the structs that are turns; `roles` names every role that occurs, as it is called here."""

    role: str
    text: str
    roles: dict[str, str] = {}


class IndexIn(Strict):
    """Written as the pipeline alone, or as ``{options: pipeline, lenient: true}``."""

    options: Any
    lenient: bool = False
    """What is not among the options gets -1: taken out and told in the manifest, rather than refused."""

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        full = isinstance(value, dict) and "options" in value and set(value) <= {"options", "lenient"}
        given = value if full else {"options": value}
        return given | {"options": Pipeline.parse(given["options"])}


SOURCES: dict[str, Any] = {
    "column": str,  # a column, for names that look like something else
    "constant": Text | list[Text] | None,  # the same value on each row
    "template": str,  # "text {Column} text {Other}"; missing where a column is missing
    "columns": list[str],  # several columns as one list; missing values are left out
    "struct": dict[str, str],  # field name -> column
    "coalesce": list[Any],  # the first pipeline that is not null
    "row_number": str,  # prefix: "x" gives x-0, x-1, …
    "file": Literal["path", "name", "stem", "parent"],  # part of the file's path in the source
}
"""Where a pipeline begins: word -> type of its argument."""

STEPS: dict[str, Any] = {
    "strip": None,  # white space at both ends
    "lower": None,
    "upper": None,
    "null_if": list[Text],  # these values mean missing
    "fill_null": Text | list[Text],
    "cast": Literal["string", "integer", "float", "boolean"],
    "replace": Replace,  # regular expression, all places; `by` may hold ${1}, a dollar sign is $$
    "regex": Regex,  # first group of the first match, else missing
    "prefix": str,  # put before
    "suffix": str,
    "split": str,  # text -> list at a literal separator
    "split_regex": Regex,
    "split_before": Regex,  # text -> list, cut where a match begins
    "find_all": Regex,  # text -> list of the first groups of all matches
    "join": str,  # list -> text
    "get": str,  # field of a struct
    "item": int,  # element of a list
    "values": None,  # struct -> list: in order (of letters, if its fields are letters), without missing ones at the end
    "keyed_by": str,  # struct whose keys are data -> list of structs: {keyed_by: k} makes [{k: a, n: 1}] of {a: {n: 1}}
    "keys_by_value": None,  # struct of flags or counts -> names of the true ones
    "flagged": list[str],  # list of flags or counts, one for each of these names -> names of the true ones
    "list": None,  # value -> [value], missing -> []
    "drop_empty": None,  # leave empty and missing elements out of a list
    "unique": None,  # list without repeats, order kept
    "sort": None,  # list in the order of its values, for options whose right one the source always writes first
    "mean": None,  # list of numbers -> their mean, missing ones left out: one score of several raters
    "map": MapValues,
    "each": list[Any],  # steps applied to each element of a list
    "letters": None,  # "AC", "A, C" or ["A", "C"] -> [0, 2]
    "index": Literal[0, 1],  # number counted from 0 or 1 -> [number from 0]
    "index_in": IndexIn,  # text of an option, or several -> their places in the list that a pipeline gives
    "json": Any,  # JSON in a string -> value of this shape: text | integer | [text] | {name: shape}
    "literal_list": None,  # "['a', 'b']" as Python writes it -> list of texts
    "digest": None,  # text or bytes -> 16 hex digits that stand for them: the group of rows that repeat them
    "format_each": str,  # struct elements of a list -> text by template
    "images": Images,  # path, bytes or {path, bytes}, one or a list of them -> images
    "signals": Images,  # path, or numbers as a list, one or a list of them -> signals
    "base64": None,  # base64 text, with or without "data:…;base64," before it -> bytes
    "unwrap_json": None,  # JSON text that is itself a JSON text, however often -> the JSON inside
    "turns": Turns,  # list of structs -> dialogue turns
    "turns_at": dict[str, str],  # text in which a mark begins each turn -> dialogue turns: {mark: role}
}
"""What a pipeline may do next: word -> type of its argument, None where it takes none."""


class Read(Strict):
    """How one file is read. Which options count depends on `format`."""

    format: Annotated[str, one_of(FORMAT)] | None = None
    encoding: str = "utf-8"
    separator: str | None = None
    quote: str | None = '"'
    header: bool = True
    columns: list[str] | None = None
    """Names by position, for files without a header."""
    expect: list[str] | None = None
    """Columns that must be there; a file that lacks one is refused by name."""
    only: list[str] | None = None
    """The columns to read, where a file has large ones besides that no record shows."""
    null_values: list[str] = []
    rows_at: str | None = None
    """JSON: dotted path to the list of rows; `*` walks all keys of an object."""
    keyed_by: str | None = None
    """JSON: the file is an object of rows; its keys become this column."""
    record: str | None = None
    """XML: path of the element that is a row, as `.//QAPair`."""
    paths: dict[str, str] | None = None
    """XML: column -> path below the row, `@name` for an attribute, `..` for the parent; JSON: column -> dotted path."""
    sheet: str | None = None
    marks: dict[str, str] | None = None
    """Text with field marks: column -> mark, as {context: context} for <|context|> … <|endofcontext|>."""
    member: str | None = None
    """Pattern of the members to read where the file is an archive; ``inner.zip/*.csv`` reaches into one inside it."""
    options: dict[str, Any] = {}
    """What a reader needs besides; named and checked by it."""


class FileRef(Strict):
    """A file or pattern in a source: `path` is relative to its root, `*`, `**`, `?` and `{a,b}` as in a shell."""

    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    git_blob: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Its id in Git, for files whose sha256 nobody has told."""
    bytes: int | None = None
    url: str | None = None
    """Its own address, when that is not `path` in its source."""
    source: str | None = None
    """The place it is in, when that is not the block's source; written as `Load.source`."""
    dataset: str | None = None
    """The slug under which a mirror holds it, where it lives with another dataset."""
    container: Annotated[str, one_of(CONTAINER)] | None = None
    copies: list[FileRef] = []
    """The same rows in another file, tried in turn where this one is not to be had."""


def _file_refs(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"path": item} if isinstance(item, str) else item for item in items]


Files = Annotated[list[FileRef], BeforeValidator(_file_refs)]


def _row_step(item: Any) -> tuple[str, Any]:
    if isinstance(item, tuple):
        return item
    word, argument = _single(item, ROWS, "row step")
    if word == "compute":
        argument = {name: Pipeline.parse(value) for name, value in argument.items()}
    return word, argument


def _written(word: str, argument: Any) -> Any:
    """A word and its argument as a card writes them."""
    return word if argument is None else {word: _plain(argument)}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_written(*step) for step in value]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


RowStep = Annotated[
    tuple[str, Any], BeforeValidator(_row_step), PlainSerializer(lambda step: _written(*step), return_type=Any)
]


class Keep(Strict):
    """Which rows stay, by the text of one column; all conditions given must hold."""

    column: str
    in_: list[Text] | None = Field(None, alias="in")
    not_in: list[Text] | None = None
    not_null: bool = False
    matches: Regex | None = None


class Unpivot(Strict):
    """Several columns of a row become several rows: `name` gets the column's name, `value` its value."""

    columns: list[str]
    name: str
    value: str


class Entries(Strict):
    """The fields of the struct `column` become rows: `key` gets the field's name, `column` its value."""

    column: str
    key: str


class Join(Strict):
    """Columns of other files of the source, by a key that is unique there.

    `left` keeps all rows, `inner` those that have a partner, `semi` too but it brings no columns, `anti` those without.
    """

    files: Files
    read: Read = Read()
    rows: list[RowStep] = []
    key: str | dict[str, str]
    """The key's name, or {name here: name there}."""
    how: Literal["left", "inner", "semi", "anti"] = "left"
    prefix: str = ""
    """Put before the names of the columns that come in."""
    optional: list[str] | None = None
    """Where the files are not to be had: go on without them, these columns (as named after the join) missing."""


class By(Strict):
    """Columns in which rows agree."""

    by: list[str]


class NumberWithin(Strict):
    """Number the rows that agree in `by`, from 0, in order."""

    by: list[str]
    as_: str = Field(alias="as")


ROWS: dict[str, Any] = {
    "keep": Keep,
    "drop_empty_rows": None,  # rows in which every column is null or blank
    "explode": str | list[str],  # one row per element; a row with an empty list goes
    "unnest": str,  # struct column -> its fields as columns; a name that is there gets "column_" before it
    "rename": dict[str, str],
    "also_called": dict[str, list[str]],  # column -> its names in copies and other versions: the first there is renamed
    "unpivot": Unpivot,
    "entries": Entries,
    "join": Join,
    "group": By,  # rows that agree in `by` become one; other columns become lists, order kept
    "number_within": NumberWithin,
    "compute": dict[str, Any],  # {new column: pipeline}
    "unique": list[str],  # the first row of those that agree in these columns
}
"""What happens to the table before its columns are mapped, in the order given."""


@lru_cache(maxsize=256)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _single(item: Any, words: dict[str, Any], what: str) -> tuple[str, Any]:
    """The word and argument of one step; the argument checked against its type."""
    if isinstance(item, str) and item in words and words[item] is None:
        return item, None
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError(f"{what} {item!r} is not one word with its argument")
    ((word, argument),) = item.items()
    if word not in words:
        from difflib import get_close_matches

        near = get_close_matches(str(word), words, 3, 0.5)
        raise ValueError(f"{word!r} is no {what}" + (f"; near: {', '.join(near)}" if near else ""))
    kind = words[word]
    if kind is None:
        if argument not in (None, True):
            raise ValueError(f"{word!r} takes no argument")
        return word, None
    try:
        return word, _adapter(kind).validate_python(argument)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{word}: {place + ': ' if place else ''}{first['msg']}") from None


class Pipeline(Strict):
    """A source and its steps, each a (word, argument) pair."""

    source: tuple[str, Any]
    steps: tuple[tuple[str, Any], ...] = ()

    @model_serializer
    def _as_written(self) -> Any:
        return [_written(*self.source), *(_written(*step) for step in self.steps)]

    @classmethod
    def parse(cls, value: Any) -> Pipeline:
        """Read ``Column``, ``{word: argument}`` or ``[source, step, …]``.

        Raises:
            ValueError: a word that is not in the vocabulary, or an argument of the wrong shape.
        """
        if isinstance(value, Pipeline):
            return value
        items = value if isinstance(value, list) else [value]
        if not items:
            raise ValueError("a pipeline needs a column")
        head, *rest = items
        if isinstance(head, str):
            source: tuple[str, Any] = ("column", head)
        else:
            word, argument = _single(head, SOURCES, "source")
            if word == "coalesce":
                argument = [cls.parse(part) for part in argument]
            source = (word, argument)
        return cls(source=source, steps=steps(rest))


def steps(items: list[Any]) -> tuple[tuple[str, Any], ...]:
    """Parse a list of steps; `each` holds steps of its own."""
    parsed = []
    for item in items:
        word, argument = _single(item, STEPS, "step")
        if word == "each":
            argument = steps(argument)
        parsed.append((word, argument))
    return tuple(parsed)


Value = Annotated[Pipeline, BeforeValidator(Pipeline.parse)]


class Split(Strict):
    """The files of one split, with what differs from the block's defaults."""

    files: Files
    read: dict[str, Any] | None = None
    rows: list[RowStep] | None = None
    fields: dict[str, Value] | None = None
    extra: list[str] | Literal["all", "none"] | None = None
    language: str | None = None
    count: int | None = None
    """Rows that the split is known to have; another number is reported."""


def _splits(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: split if isinstance(split, dict) and "files" in split else {"files": split}
        for name, split in value.items()
    }


Splits = Annotated[dict[str, Split], BeforeValidator(_splits)]


class Config(Strict):
    """One configuration: what it says takes the place of what the block says."""

    schema_: Annotated[str, one_of(SCHEMA)] | None = Field(None, alias="schema")
    read: dict[str, Any] | None = None
    rows: list[RowStep] | None = None
    fields: dict[str, Value] | None = None
    group: Value | None = None
    extra: list[str] | Literal["all", "none"] | None = None
    splits: Splits
    note: str | None = None


class Media(Strict):
    """Files that the rows only name: pictures, signals. Fetched and opened when somebody asks for one, not before.

    Paths in the records are relative to the dataset's folder; `files` are patterns of such paths, archives or tables
    that hold them.
    """

    files: Files
    folder: str = ""
    """Where the members of archives, or the files made of a table, lie in the records' paths."""
    name: str | None = None
    """For tables: the column whose value, with `suffix`, is the file's name …"""
    bytes: str | None = None
    """… and the column that holds its bytes, or {bytes, path}."""
    suffix: str = ""


class Withheld(Strict):
    """Files that lie openly in a source and must not be used from there: never fetched, never read, told by name."""

    paths: list[str]
    """Patterns of paths in the source."""
    reason: str


class Load(Strict):
    """A card's `load` block."""

    schema_: Annotated[str, one_of(SCHEMA)] = Field(alias="schema")
    source: str | None = None
    """The place its paths are relative to: a scheme of `loaders.sources` and what it names, as ``hf:owner/name``,
    ``github:owner/name``, ``zenodo:1234567``, ``gs:bucket/folder``; an address; or ``hand-over``."""
    revision: str | None = None
    by_hand: str | None = None
    """For files that people must fetch themselves: what to do, in words."""
    read: Read = Read()
    rows: list[RowStep] = []
    fields: dict[str, Value] = {}
    group: Value | None = None
    extra: list[str] | Literal["all", "none"] = "all"
    """Source columns kept in `extra`: those not used by `fields` ("all"), none, or these."""
    splits: Splits = {}
    configs: dict[str, Config] = {}
    """Several configurations; the first is the default."""
    media: list[Media] = []
    """Where the pictures and signals are that records name by path."""
    withheld: list[Withheld] = []
    verified: str | None = None
    """What was read of the real files, and what only of made-up files of the same shape."""
    recipe: str | None = None
    """Name of a function in `loaders.recipes`, for files that the words above cannot describe."""
    note: str | None = None

    @model_validator(mode="after")
    def _has_splits(self) -> Load:
        if bool(self.splits) == bool(self.configs):
            raise ValueError("give either `splits` or `configs`")
        return self
