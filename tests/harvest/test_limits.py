"""What is done about each kind of answer: wait, try again, give up, or stop for today."""

from __future__ import annotations

import pytest

from harvesters.limits import MAX_WAIT, RETRIES, decide, span, summary

NOW = 1_795_000_000.0
SOON = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)}
LATE = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 3_000)}
SECONDARY = '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
PER_SECOND = '{"error": "Rate limit exceeded", "message": "Rate limit exceeded: 30 requests per second."}'
SPENT = '{"error": "Rate limit exceeded", "message": "Insufficient budget. Resets at midnight UTC."}'
PLAN = '{"error": "Plan upgrade required", "message": "The filter requires a paid plan."}'
HUB_LIMIT = {"ratelimit": '"api";r=0;t=187', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}


@pytest.mark.parametrize(
    ("service", "status", "headers", "body", "what", "seconds"),
    [
        pytest.param("huggingface", 200, {}, "[]", "take", 0, id="an answer"),
        pytest.param("github", 304, {}, "", "same", 0, id="nothing changed"),
        pytest.param("huggingface", 307, {}, "", "moved", 0, id="renamed at the Hub"),
        pytest.param("github", 301, {}, "{}", "moved", 0, id="renamed at GitHub"),
        pytest.param("huggingface", 429, HUB_LIMIT, "{}", "wait", 188, id="the Hub's window is used"),
        pytest.param("huggingface", 429, {"server": "CloudFront"}, "<html>429</html>", "wait", 5, id="the edge"),
        pytest.param("huggingface", 502, {}, "<html>Bad Gateway</html>", "wait", 1, id="a short failure"),
        pytest.param("github", 403, SOON, "{}", "wait", 41, id="GitHub's limit, soon over"),
        pytest.param("github", 429, SOON, "{}", "wait", 41, id="the same as 429"),
        pytest.param("github", 403, LATE, "{}", "stop", 3_001, id="GitHub's limit, an hour"),
        pytest.param("github", 403, {"retry-after": "60"}, SECONDARY, "wait", 60, id="secondary limit with a header"),
        pytest.param("github", 403, {"x-ratelimit-remaining": "7"}, SECONDARY, "wait", 60, id="and without"),
        pytest.param("github", 403, {}, '{"message": "Resource not accessible"}', "refused", 0, id="forbidden"),
        pytest.param("openalex", 429, {"retry-after": "1"}, PER_SECOND, "wait", 1, id="too many in a second"),
        pytest.param("openalex", 429, {"retry-after": "48806"}, SPENT, "stop", 48_806, id="the day is spent"),
        pytest.param("openalex", 429, {}, PLAN, "refused", 0, id="a paid plan, though it says 429"),
        pytest.param("openalex", 504, {}, '{"reason": "query_timeout"}', "refused", 0, id="a query that is too wide"),
        pytest.param("openalex", 503, {"retry-after": "30"}, "{}", "wait", 30, id="paused for half a minute"),
        pytest.param("openalex", 400, {}, '{"error": "Pagination error."}', "refused", 0, id="misspelt"),
        pytest.param("openalex", 404, {}, "<!doctype html>", "absent", 0, id="an unknown work, as HTML"),
        pytest.param("huggingface", 401, {}, '{"error": "Invalid username or password."}', "absent", 0, id="private?"),
        pytest.param("github", 451, {}, '{"block": {"reason": "dmca"}}', "absent", 0, id="taken down"),
        pytest.param("huggingface", 401, {"x-error-code": "GatedRepo"}, "{}", "gated", 0, id="gated, no token"),
        pytest.param("huggingface", 403, {"x-error-code": "GatedRepo"}, "{}", "gated", 0, id="gated, not on the list"),
        pytest.param(
            "huggingface", 401, {}, '{"error":"Invalid credentials in Authorization header"}', "stop", 0, id="bad token"
        ),
        pytest.param("github", 401, {}, '{"message": "Bad credentials"}', "stop", 0, id="bad token at GitHub"),
        pytest.param("openalex", 401, {}, '{"error": "Invalid or missing API key"}', "stop", 0, id="bad key"),
        pytest.param("github", 422, {}, '{"message": "Validation Failed"}', "refused", 0, id="invalid"),
    ],
)
def test_an_answer_is_told_by_its_status_headers_and_words(
    service: str, status: int, headers: dict[str, str], body: str, what: str, seconds: float
) -> None:
    found = decide(service, status, headers, body, 0, NOW)
    assert (found.what, found.seconds) == (what, seconds)


def test_only_what_was_taken_down_is_gone_for_good() -> None:
    finals = [decide("github", status, {}, "", 0, NOW).final for status in (404, 409, 410, 451)]
    assert finals == [False, False, True, True]


def test_waiting_has_an_end() -> None:
    for status in (429, 500):
        for attempt in range(RETRIES):
            assert decide("huggingface", status, {}, "", attempt, NOW).what == "wait"
    assert decide("huggingface", 500, {}, "", RETRIES, NOW).what == "refused"
    assert decide("huggingface", 429, {}, "", RETRIES, NOW).what == "stop"


@pytest.mark.parametrize("asked", ["331", "86400", "999999999"])
def test_no_service_makes_us_wait_for_hours(asked: str) -> None:
    assert float(asked) > MAX_WAIT
    assert decide("openalex", 503, {"retry-after": asked}, "", 0, NOW).what == "stop"


def test_a_time_to_come_back_may_be_a_date() -> None:
    found = decide("github", 503, {"retry-after": "Mon, 17 Nov 2026 00:00:00 GMT"}, "", 0, 1_794_873_570.0)
    assert (found.what, found.seconds) == ("wait", 30)
    assert decide("github", 503, {"retry-after": "tomorrow"}, "", 0, NOW).what == "wait"


def test_times_and_bodies_are_told_in_a_few_words() -> None:
    assert [span(s) for s in (40, 600, 48_806)] == ["40 seconds", "10 minutes", "13.6 hours"]
    assert summary('{"error": "x", "message": "nothing"}') == "x"
    assert summary("<html><body><h1>Bad\n Gateway</h1></body></html>") == "Bad Gateway"
    assert summary("") == "no further word"
