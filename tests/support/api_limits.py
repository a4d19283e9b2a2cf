"""How many requests the services of the local server allow."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Limits:
    """Requests (at OpenAlex: credits) that a service allows, and seconds until it allows them again."""

    hub: int = 500
    github: int = 5_000
    github_search: int = 6_000
    openalex: int = 10_000
    window: int = 300
    used: Counter[str] = field(default_factory=Counter)
    hub_resolvers: int = 3_000
    github_code_search: int = 6_000
    until_midnight: int | None = 48_806
    """Seconds until OpenAlex has money again; None for those of the clock."""
    begun: dict[str, float] = field(default_factory=dict)
    """When the window of each limit began."""

    @classmethod
    def of_contract(cls, *, token: bool = False) -> Limits:
        """What the services allow in truth, to those who say who they are and to those who do not."""
        hub, resolvers, core, search, credits_ = (
            (1_000, 5_000, 5_000, 30, 10_000) if token else (500, 3_000, 60, 10, 1_000)
        )
        return cls(hub, core, search, credits_, hub_resolvers=resolvers, github_code_search=10, until_midnight=None)

    def left_of_window(self, name: str, length: float) -> float:
        """Seconds until a limit is counted anew; it is where that time is over."""
        now = time.monotonic()
        if now - self.begun.setdefault(name, now) >= length:
            self.begin_window(name)
        return length - (now - self.begun[name])

    def begin_window(self, name: str) -> None:
        """Count a limit anew."""
        self.used[name], self.begun[name] = 0, time.monotonic()
