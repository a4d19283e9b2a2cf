"""How a stated licence is read: ids, names, deed addresses, expressions and lists of them become a tree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from registry.licence_names import ADDRESS, name_table, recognise
from registry.licence_table import KIND_TERMS, NOT_KNOWN, REFS, SPDX, Known, creative_commons
from registry.licence_tree import All, Either, Node, Part, all_of, leaves

if TYPE_CHECKING:
    from license_expression import LicenseExpression, Licensing

MAX_EXPRESSION = 2000
"""Characters; what is longer is a text and not a name."""


class Ids(NamedTuple):
    """Every licence id that may stand in an expression."""

    licensing: Licensing
    known: dict[str, Known]
    spelling: dict[str, str]
    """Lower-case id or former id → the id as it is written today."""
    exceptions: dict[str, str]
    """The same for what may stand after WITH."""
    names: dict[str, str]


@lru_cache(maxsize=1)
def known_ids() -> Ids:
    """The ids of SPDX, as the installed `license-expression` lists them, and of our own table; built once."""
    from license_expression import LicenseSymbol, Licensing, get_license_index

    known, spelling, exceptions = dict(REFS), {key.lower(): key for key in REFS}, {}
    symbols = [LicenseSymbol(key) for key in REFS]
    for entry in get_license_index():
        key, kind = entry["spdx_license_key"], entry["category"]
        if not key or key.startswith("LicenseRef-"):
            continue
        symbols.append(LicenseSymbol(key, is_exception=entry["is_exception"]))
        if entry["is_exception"]:
            exceptions[key.lower()] = key
            continue
        former = (old for old in entry["other_spdx_license_keys"] if not old.startswith("LicenseRef-"))
        spelling |= dict.fromkeys((old.lower() for old in former), key) | {key.lower(): key}
        found = SPDX.get(key) or creative_commons(key) or Known(KIND_TERMS.get(kind, NOT_KNOWN))
        known[key] = found if found.url else found._replace(url=f"https://spdx.org/licenses/{key}.html")
    return Ids(Licensing(symbols), known, spelling, exceptions, name_table(spelling))


def parse(expression: str) -> LicenseExpression:
    """The tree of an expression of ids; ``ValueError`` with the reason when it is none."""
    from license_expression import ExpressionError

    if len(expression) > MAX_EXPRESSION:
        raise ValueError(f"longer than {MAX_EXPRESSION} characters")
    try:
        tree = known_ids().licensing.parse(expression, simple=True, strict=True)
    except ExpressionError as error:
        raise ValueError(str(error).rstrip(".")) from None
    except (AssertionError, AttributeError, IndexError, TypeError):
        # the library stumbles over some operators and parentheses without an operand, as in "( or 4.0"
        raise ValueError("operators and parentheses do not fit together") from None
    if tree is None:
        raise ValueError("it names no licence")
    return tree


_SEPARATORS = (
    re.compile(rf"({ADDRESS.pattern})"),
    re.compile(r"[\n;|\[\]\"'`]+"),
    re.compile(r"[()<>]"),
    re.compile(r","),
    re.compile(r" and |[&/]|(?<=\w) ?\+ ?(?=[A-Za-z])", re.IGNORECASE),
)
_OR = re.compile(r" or ", re.IGNORECASE)


def read(text: str, level: int = 0) -> Node:
    """The tree of what a text states: as one name, as an SPDX expression, else piece by piece."""
    ids = known_ids()
    found = recognise(text, ids.spelling, ids.names)
    if found is not None:
        return _expression(found) if found else Part("")
    if level == 0 and (tree := _ids_only(text)):
        return tree
    for deeper, separator in enumerate(_SEPARATORS[level:], level + 1):
        pieces = [piece.strip() for piece in separator.split(text)]
        if len(pieces) > 1:
            return all_of([node for node in (read(piece, deeper) for piece in pieces) if node != Part("")])
    options = _OR.split(text)
    return Either(tuple(read(option, len(_SEPARATORS)) for option in options)) if len(options) > 1 else Part(text)


def _ids_only(text: str) -> Node | None:
    try:
        node = tree_of(parse(text))
    except ValueError:
        return None
    return node if all(part.known for part in leaves(node)) else None


def _expression(spdx: str) -> Node:
    """The tree of one id, without the parser where none is needed."""
    known = known_ids().known.get(spdx)
    return Part(spdx, known) if known else tree_of(parse(spdx))


def tree_of(tree: LicenseExpression) -> Node:
    """Our tree of a parsed expression."""
    ids = known_ids()
    if isinstance(tree, ids.licensing.AND):
        return All(tuple(map(tree_of, tree.args)))
    if isinstance(tree, ids.licensing.OR):
        return Either(tuple(map(tree_of, tree.args)))
    # an exception widens what its licence allows in special cases; the licence's terms stand
    base = getattr(tree, "license_symbol", tree)
    key = ids.spelling.get(base.key.lower(), base.key)
    known = ids.known.get(key)
    return Part(key if base is tree else f"{key} WITH {tree.exception_symbol.key}", known)


def spdx(node: Node) -> str | None:
    """The SPDX expression of a tree, without repetition; ``None`` when one of its licences is not known."""
    if not all(part.known for part in leaves(node)):
        return None
    text = _render(node)
    if isinstance(node, Part):
        return text
    licensing = known_ids().licensing
    return str(licensing.dedup(licensing.parse(text, simple=True)).render())


def _render(node: Node) -> str:
    if isinstance(node, Part):
        return node.id
    return (" AND " if isinstance(node, All) else " OR ").join(
        child.id if isinstance(child, Part) else f"({_render(child)})" for child in node[0]
    )
