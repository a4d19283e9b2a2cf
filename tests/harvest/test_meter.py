"""The meter: what is left of each limit, from the headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harvesters.meter import Meter

NOW = 1_794_873_600.0
HUB = {"ratelimit": '"api";r=483;t=212', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
GIT = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)}
ALEX = {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "990", "x-ratelimit-cost-usd": "0.0010"}


@pytest.mark.parametrize(
    ("service", "bucket", "headers", "seconds"),
    [
        ("github", "search", {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "29"}, 2),
        ("github", "search", {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9"}, 6),
        ("github", "code_search", {}, 2),
        ("github", "core", {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59"}, 0),
        ("github", "core", GIT, 41),
        ("huggingface", "api", {"ratelimit": '"api";r=1;t=212'}, 0),
        ("huggingface", "api", {"ratelimit": '"api";r=0;t=212'}, 213),
        ("openalex", "credits", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "48806"}, 0),
    ],
)
def test_requests_are_spread_as_the_last_answer_asks(
    service: str, bucket: str, headers: Mapping[str, str], seconds: float
) -> None:
    meter = Meter(service)
    meter.note(bucket, headers, NOW)
    assert meter.wait(bucket, NOW) == seconds


def test_buckets_are_counted_apart() -> None:
    meter = Meter("github")
    meter.note("core", GIT, NOW)
    meter.note("search", {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "7"}, NOW)
    assert (meter.wait("core", NOW), meter.wait("search", NOW)) == (41, 6)
    assert meter.wait("code_search", NOW) == 0, "nothing is known of it"
    assert meter.told() == "core 0 of 60 left, search 7 of 10 left"


def test_a_wait_is_over_once_it_was_waited_for() -> None:
    meter = Meter("github")
    meter.note("core", GIT, NOW)
    meter.rested("core")
    assert meter.wait("core", NOW) == 0


def test_an_answer_without_headers_leaves_what_is_known() -> None:
    meter = Meter("huggingface")
    meter.note("api", HUB, NOW)
    meter.note("api", {}, NOW)
    assert meter.told() == "api 483 of 500 left"


def test_what_openalex_charges_adds_up() -> None:
    meter = Meter("openalex")
    for _ in range(2):
        meter.note("credits", ALEX, NOW)
    assert meter.spent == pytest.approx(0.002)
    assert meter.told() == "credits 990 of 1,000 left, $0.0020 spent"


@pytest.mark.parametrize("odd", ["", "-1", "1e9", "nan", "9" * 30, "0.1; DROP"])
def test_headers_that_are_no_numbers_count_nothing(odd: str) -> None:
    meter = Meter("openalex")
    meter.note("credits", {"x-ratelimit-remaining": odd, "x-ratelimit-limit": odd, "x-ratelimit-cost-usd": odd}, NOW)
    assert meter.told() == ""
