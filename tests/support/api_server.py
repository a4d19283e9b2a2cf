"""Hugging Face, GitHub and OpenAlex on this machine, over HTTP, as they answered in 2026.

To watch a harvest, start it in one window:

    python -m tests.support.api_server --port 8999 --synthetic 2000

and paste the line that it prints into another:

    HF_ENDPOINT=http://127.0.0.1:8999 GITHUB_API_URL=… OPENALEX_API_URL=… registry harvest

``--cards`` holds the places and papers of the catalogue itself; ``--night 1``, and then 2, the same world a night and
two nights later; ``--faults 0.05`` lets one request in twenty go wrong in a way that is over when it is made again.
Ctrl-C ends it and tells what was asked for.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.support import api_github, api_hub, api_openalex
from tests.support.api_faults import mishaps
from tests.support.api_http import Server, handler
from tests.support.api_limits import Limits
from tests.support.api_reply import Asked, Reply, etag, kind_of, service_of
from tests.support.api_shelf import Shelf, Shelves
from tests.support.api_world import World, small_world, together, world_of_cards

__all__ = ["ApiServer", "Fault", "Limits", "etag"]

ANSWERS: dict[str, Callable[[ApiServer, Asked], Reply]] = {
    "huggingface": api_hub.answer,
    "github": api_github.answer,
    "openalex": api_openalex.answer,
}


@dataclass
class Fault:
    """What happens instead of an answer, to the next `times` requests whose path and query `pattern` matches.

    `reply` is an answer of its own, or ``truncate`` (the connection ends within the body), ``endless`` (a body that
    never ends), ``drip`` (a byte at a time, without end), ``slow`` (the true answer, in little pieces).
    """

    pattern: str
    reply: Reply | str
    times: int = 1


class ApiServer:
    """Serves a `World` while its `with` block lasts; `asked` has every request."""

    def __init__(self, world: World | None = None, port: int = 0) -> None:
        self.world = world or World()
        self.faults: list[Fault] = []
        self.chance: Callable[[Asked], Reply | str | None] = lambda asked: None
        """What goes wrong with a request besides, as chance will have it."""
        self.limits = Limits()
        self.tokens: set[str] = set()
        """Tokens that are accepted; any other is refused as the services refuse it."""
        self.granted: set[str | None] = set()
        """Of those, tokens that may read what is private or gated at Hugging Face."""
        self.asked: list[Asked] = []
        self.rewritten: tuple[str, ...] = (
            "https://huggingface.co",
            "https://api.github.com",
            "https://api.openalex.org",
        )
        self._shelves = Shelves()
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", port), handler(self.answer))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ApiServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._server.serve_forever()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the product here."""
        names = ("HF_ENDPOINT", "GITHUB_API_URL", "OPENALEX_API_URL")
        return dict.fromkeys(names, self.address)

    def shelf(self, kind: str) -> Shelf:
        """The bodies of one kind as the world has them now: ``datasets``, ``works`` and so on."""
        return self._shelves.of(kind).look(getattr(self.world, kind))

    def world_texts(self) -> Shelf:
        """The repositories of GitHub together with the texts of their READMEs."""
        return self._shelves.of("texts").look(self.world.repositories, self.world.readmes)

    def world_code(self) -> Shelf:
        """The files that the search for code knows."""
        return self._shelves.files(self.world.code)

    def fail(self, pattern: str, reply: Reply | str, times: int = 1) -> None:
        """Let the next `times` requests that `pattern` matches come to `reply`."""
        self.faults.append(Fault(pattern, reply, times))

    def replay(self, pattern: str, recorded: Mapping[str, Any], times: int = 1) -> None:
        """Answer with a recorded interaction ``{status, headers, body}``; its links lead here."""
        body = recorded["body"]
        data = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
        headers = {name: self._here(value) for name, value in recorded.get("headers", {}).items()}
        dropped = ("content-length", "content-encoding", "transfer-encoding", "connection")
        kept = {name: value for name, value in headers.items() if name.lower() not in dropped}
        self.fail(pattern, Reply(recorded["status"], kept, data), times)

    def _here(self, text: str) -> str:
        for base in self.rewritten:
            text = text.replace(base, self.address)
        return text

    def answer(self, asked: Asked) -> tuple[Reply | str, bool]:
        """What is said to a request, and whether it is said slowly."""
        with self._lock:
            self.asked.append(asked)
            happens = self._happens(asked)
            if happens is not None and happens != "slow":
                return happens, False
            return ANSWERS[service_of(asked.path)](self, asked), happens == "slow"

    def _happens(self, asked: Asked) -> Reply | str | None:
        for fault in self.faults:
            if fault.times and re.search(fault.pattern, asked.target):
                fault.times -= 1
                return fault.reply
        return self.chance(asked)


def main() -> None:
    """Serve until interrupted."""
    from tests.support.api_synthetic import next_night, synthetic_world

    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.api_server", description=__doc__, formatter_class=how
    )
    parser.add_argument("--port", type=int, default=8999)
    parser.add_argument("--cards", action="store_true", help="hold all places and papers of the catalogue")
    parser.add_argument(
        "--synthetic", type=int, metavar="SIZE", help="hold so many made-up datasets and what is about them"
    )
    parser.add_argument("--seed", type=int, default=0, help="another made-up world, other faults")
    parser.add_argument("--night", type=int, default=0, help="let so many nights pass")
    parser.add_argument("--limit", type=int, default=100_000, help="requests that each service allows in its window")
    parser.add_argument("--faults", type=float, default=0.0, metavar="RATE", help="share of requests that go wrong")
    chosen = parser.parse_args()
    world = world_of_cards() if chosen.cards else small_world()
    if chosen.synthetic is not None:
        made = synthetic_world(chosen.synthetic, chosen.seed)
        world = together(made, world) if chosen.cards else made
    for night in range(chosen.night):
        next_night(world, seed=chosen.seed + night)
    server = ApiServer(world, chosen.port)
    most = chosen.limit
    server.limits = Limits(most, most, most, most, hub_resolvers=most, github_code_search=most, until_midnight=None)
    if chosen.faults:
        server.chance = mishaps(chosen.faults, chosen.seed)
    shown = " ".join(f"{name}={value}" for name, value in server.environment.items())
    print(f"{shown} registry harvest", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"{len(server.asked)} requests")
        for kind, count in sorted(Counter(map(kind_of, server.asked)).items()):
            print(f"{count:8,} {kind}")


if __name__ == "__main__":
    main()
