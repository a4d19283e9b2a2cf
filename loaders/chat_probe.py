"""Render conversations in a chat template, in a process of its own: JSON comes in, JSON goes out.

Run by path, so it imports nothing of the package. The template is somebody else's program: it runs in Jinja's sandbox,
sees plain values alone, opens no file, and has an end to its time and memory. The names that it may use are those that
transformers gives to chat templates; the clock is not among them, so that the same template always says the same.
"""

from __future__ import annotations

import contextlib
import json
import sys
from importlib import import_module
from typing import Any

SECONDS = 2
MEMORY = 2 << 30
MAX_TEXT = 1 << 20


def main() -> None:
    """Read a template, its variables and conversations; write for each what was rendered, or why it was not."""
    given = json.load(sys.stdin)
    environment = _environment()
    import_module("jinja2.debug")  # Jinja imports it at the first error, when no file can be opened any more
    bound(RLIMIT_CPU=SECONDS, RLIMIT_AS=MEMORY)  # compiling computes constants, so it is bounded too
    template = environment.from_string(given["template"])
    bound(RLIMIT_NOFILE=0)
    json.dump([_rendered(template, messages, given["variables"]) for messages in given["conversations"]], sys.stdout)


def bound(**limits: int) -> None:
    """Limit this process, where the system can; names are those of the module `resource`."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for name, limit in limits.items():
            resource.setrlimit(getattr(resource, name), (limit, limit))


def _environment() -> Any:
    from jinja2 import nodes
    from jinja2.exceptions import SecurityError, TemplateError
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import Namespace

    class Generation(Extension):
        """``{% generation %}`` marks what a model says; it writes nothing."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    class Names(Namespace):
        """``namespace()`` without names that begin with an underscore."""

        def __setitem__(self, name: str, value: Any) -> None:
            if name.startswith("_"):
                raise SecurityError(f"a namespace has no {name!r}")
            super().__setitem__(name, value)

    def refuse(message: object) -> None:
        raise TemplateError(str(message)[:500])

    def tojson(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, **_: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = tojson
    environment.globals.update(raise_exception=refuse, namespace=Names)
    return environment


def _rendered(template: Any, messages: list[dict[str, str]], variables: dict[str, str]) -> dict[str, str]:
    try:
        text = ""
        for piece in template.generate(
            messages=messages, tools=None, documents=None, add_generation_prompt=False, **variables
        ):
            text += piece
            if len(text) > MAX_TEXT:
                return {"error": "it writes without end"}
    except Exception as error:  # noqa: BLE001 - somebody else's program may fail in any way
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}
    return {"text": text}


if __name__ == "__main__":
    main()
