"""What is left of each limit of a service, as the headers of its answers tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harvesters.limits import reset_in


@dataclass
class Bucket:
    """One limit: requests allowed and left of it, and when the next request may follow (seconds since the epoch)."""

    limit: int | None = None
    left: int | None = None
    free_at: float = 0.0


@dataclass
class Meter:
    """The limits of one service by name, and the US dollars that were spent there.

    Fed from every answer, also from those that refuse or say that nothing changed.
    """

    service: str
    buckets: dict[str, Bucket] = field(default_factory=dict)
    spent: float = 0.0

    def note(self, bucket: str, headers: Mapping[str, str], at: float) -> None:
        """Keep what the headers of an answer, their names in lower case, say about a limit."""
        kept = self.buckets.setdefault(bucket, Bucket())
        limit, left = _counts(headers)
        kept.limit = limit if limit is not None else kept.limit
        kept.left = left if left is not None else kept.left
        kept.free_at = at + self._pause(bucket, headers, kept, at)
        cost = headers.get("x-ratelimit-cost-usd", "")
        self.spent += float(cost) if re.fullmatch(r"\d{1,6}(\.\d{1,12})?", cost) else 0.0

    def _pause(self, bucket: str, headers: Mapping[str, str], kept: Bucket, at: float) -> float:
        """Seconds to let pass before the next request that counts against the same limit.

        GitHub's searches are spread over the minute that they are counted by; others may follow at once until none
        is left. OpenAlex says that none is left also where only this second is full: its own refusal is waited for.
        """
        if self.service == "openalex":
            return 0.0
        spread = 60.0 / max(1, kept.limit or 30) if bucket in ("search", "code_search") else 0.0
        return max(spread, reset_in(headers, at) or 0.0)

    def wait(self, bucket: str, at: float) -> float:
        """Seconds until the next request of this kind may be made."""
        return max(0.0, self.buckets[bucket].free_at - at) if bucket in self.buckets else 0.0

    def rested(self, bucket: str) -> None:
        """The wait is over."""
        if bucket in self.buckets:
            self.buckets[bucket].free_at = 0.0

    def told(self) -> str:
        """``api 483 of 500 left, search 29 of 30 left``."""
        counts = [
            f"{name} {b.left:,} of {b.limit:,} left"
            for name, b in self.buckets.items()
            if b.left is not None and b.limit
        ]
        return ", ".join([*counts, *([f"${self.spent:.4f} spent"] if self.spent else [])])


def _counts(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Requests allowed in a window and left of it: Hugging Face's headers, else those of GitHub and OpenAlex."""
    left = re.search(r"\br=(\d{1,9})", headers.get("ratelimit", "")) or re.fullmatch(
        r"(\d{1,9})", headers.get("x-ratelimit-remaining", "")
    )
    limit = re.search(r"\bq=(\d{1,9})", headers.get("ratelimit-policy", "")) or re.fullmatch(
        r"(\d{1,9})", headers.get("x-ratelimit-limit", "")
    )
    return int(limit[1]) if limit else None, int(left[1]) if left else None
