"""The polite client against a server that misbehaves in every known way."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from harvesters.http import Client, ItemFailed, Service, Stop, TooLarge
from tests.support.api_reply import Reply, html, say
from tests.support.api_server import ApiServer
from tests.support.api_world import World, gh_repository, hf_dataset

SECRET = "hf_SECRETsecretSECRET"


class Naps:
    """Waits that take no time, kept to be looked at."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def world() -> World:
    return World(datasets=[hf_dataset("a/b")], repositories=[gh_repository("a/b")], renamed={"old/b": "a/b"})


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def client(server: ApiServer, naps: Naps) -> Iterator[Client]:
    with Client(Service("huggingface", server.address), mailto="me@example.org", sleep=naps) as made:
        yield made


def test_it_says_who_asks_and_where_to_write(server: ApiServer, client: Client) -> None:
    client.get("/api/datasets/a/b")
    agent = server.asked[0].headers["user-agent"]
    assert agent.startswith("medregistry/")
    assert agent.endswith("(mailto:me@example.org)")


@pytest.mark.parametrize("old", ["old/b", "A/B"])
def test_a_renamed_thing_is_followed_on_the_same_host(server: ApiServer, client: Client, old: str) -> None:
    answer = client.get(f"/api/datasets/{old}")
    assert answer.data["id"] == "a/b"
    assert client.requests == 2


def test_nothing_leads_to_another_host_and_no_token_goes_there(server: ApiServer, naps: Naps) -> None:
    server.tokens.add(SECRET)
    with ApiServer(World(datasets=[hf_dataset("a/b")])) as elsewhere:
        to = Reply(307, {"Location": f"{elsewhere.address}/api/datasets/a/b"})
        server.fail("/api/datasets/a/b", to)
        service = Service("huggingface", server.address, SecretStr(SECRET))
        with Client(service, sleep=naps) as client, pytest.raises(ItemFailed, match="leads away from 127") as caught:
            client.get("/api/datasets/a/b")
        assert elsewhere.asked == []
    assert SECRET not in str(caught.value)


def test_a_next_page_on_another_host_is_not_asked_for(client: Client) -> None:
    with pytest.raises(ItemFailed, match="the mirror must rewrite"):
        client.get("https://huggingface.co/api/datasets?cursor=x")


def test_a_circle_of_redirects_ends(server: ApiServer, client: Client) -> None:
    server.fail("/api/datasets/a/b", Reply(307, {"Location": "/api/datasets/a/b"}), times=50)
    with pytest.raises(ItemFailed, match="more than 5 times"):
        client.get("/api/datasets/a/b")


def test_a_burst_of_failures_is_waited_out(server: ApiServer, client: Client, naps: Naps) -> None:
    server.fail("/a/b", html(502, "Bad Gateway"), times=3)
    assert client.get("/api/datasets/a/b").data["id"] == "a/b"
    assert naps.taken == [1, 2, 4]


def test_a_failure_that_lasts_fails_the_item(server: ApiServer, client: Client) -> None:
    server.fail("/a/b", html(502, "Bad Gateway"), times=4)
    with pytest.raises(ItemFailed, match=r"huggingface /api/datasets/a/b: the service fails \(502\), 4 times in a row"):
        client.get("/api/datasets/a/b")


def test_a_service_that_fails_item_after_item_is_left_alone(server: ApiServer, client: Client) -> None:
    server.fail("/a/b", html(502, "Bad Gateway"), times=100)
    for _ in range(2):
        with pytest.raises(ItemFailed):
            client.get("/api/datasets/a/b")
    with pytest.raises(Stop, match="nothing usable 3 times in a row"):
        client.get("/api/datasets/a/b")
    assert client.requests == 12


def test_a_spent_window_is_waited_for_as_long_as_its_header_says(server: ApiServer, client: Client, naps: Naps) -> None:
    spent = {"RateLimit": '"api";r=0;t=187', "RateLimit_Policy": '"fixed window";"api";q=500;w=300'}
    server.fail("/a/b", say({"error": "We had to rate limit your IP."}, 429, **spent))
    assert client.get("/api/datasets/a/b").what == "take"
    assert naps.taken[0] == 188


def test_the_last_request_of_a_window_is_known_before_it_is_refused(
    server: ApiServer, client: Client, naps: Naps
) -> None:
    server.limits.hub = 2
    for _ in range(2):
        client.get("/api/datasets/a/b")
    assert naps.taken == []
    client.get("/api/datasets/a/b")
    assert [round(seconds) for seconds in naps.taken if seconds > 200] == [301, 301]


def test_a_limit_that_is_spent_for_long_stops_the_run_cleanly(server: ApiServer, naps: Naps) -> None:
    server.limits.github = 1
    with Client(Service("github", server.address), sleep=naps) as client:
        client.get("/repos/a/b")
        with pytest.raises(Stop, match="the limit of requests is spent for 60 minutes") as stop:
            client.get("/repos/a/b")
    assert stop.value.spent
    assert naps.taken == []
    assert len(server.asked) == 1


def test_an_answer_that_breaks_off_is_asked_for_again(server: ApiServer, client: Client) -> None:
    server.fail("/a/b", "truncate")
    assert client.get("/api/datasets/a/b").data["id"] == "a/b"
    assert client.requests == 2


@pytest.mark.parametrize("body", [b'[{"_id": "1"', b"<html>Welcome to the hotel</html>", b"", b"\xff\xfe"])
def test_what_is_not_json_fails_the_item_with_its_first_words(server: ApiServer, client: Client, body: bytes) -> None:
    server.fail("/a/b", Reply(200, {}, body), times=4)
    with pytest.raises(ItemFailed, match="the answer is not JSON"):
        client.get("/api/datasets/a/b")


def test_an_endless_answer_is_given_up(server: ApiServer, naps: Naps) -> None:
    server.fail("/a/b", "endless")
    with (
        Client(Service("huggingface", server.address), max_body=5 * 2**20, sleep=naps) as client,
        pytest.raises(TooLarge, match="larger than 5 MiB"),
    ):
        client.get("/api/datasets/a/b")
    assert client.requests == 1


def test_an_answer_that_drips_is_given_up(server: ApiServer, naps: Naps) -> None:
    server.fail("/a/b", "drip", times=4)
    with (
        Client(Service("huggingface", server.address), max_seconds=0.2, sleep=naps) as client,
        pytest.raises(ItemFailed, match="no end after"),
    ):
        client.get("/api/datasets/a/b")


def test_a_host_that_is_not_there_stops_the_run_with_one_line(naps: Naps) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        Client(Service("huggingface", address), sleep=naps) as client,
        pytest.raises(Stop, match="cannot be reached: .*refused") as stop,
    ):
        client.get("/api/datasets")
    assert "\n" not in str(stop.value)
    assert not stop.value.spent


def test_an_address_without_a_scheme_is_told() -> None:
    with pytest.raises(Stop, match="'localhost:8999' is no address; write it with https://"):
        Client(Service("huggingface", "localhost:8999"))


def test_a_long_wait_is_told(server: ApiServer, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    server.fail("/a/b", say({}, 429, Retry_After="40"))
    client.get("/api/datasets/a/b")
    assert "huggingface: the limit of requests is spent; waiting 40 seconds" in caplog.messages


def test_what_is_known_is_not_sent_again(server: ApiServer, naps: Naps) -> None:
    with Client(Service("github", server.address), sleep=naps) as client:
        first = client.get("/repos/a/b")
        assert client.get("/repos/a/b", first.headers["etag"]).what == "same"
        server.world.repositories[0]["stargazers_count"] += 1
        assert client.get("/repos/a/b", first.headers["etag"]).what == "take"


def test_requests_beyond_those_allowed_are_not_made(server: ApiServer, naps: Naps) -> None:
    with Client(Service("huggingface", server.address), max_requests=2, sleep=naps) as client:
        client.get("/api/datasets/a/b")
        client.get("/api/datasets/a/b")
        with pytest.raises(Stop, match="the 2 requests allowed are used") as stop:
            client.get("/api/datasets/a/b")
    assert stop.value.spent
    assert len(server.asked) == 2


def test_money_is_counted_and_not_spent_beyond_the_budget(server: ApiServer, naps: Naps) -> None:
    with Client(Service("openalex", server.address), budget=0.0002, sleep=naps) as client:
        client.get("/works?filter=doi:10.1/x")
        client.get("/works?filter=doi:10.1/y")
        with pytest.raises(Stop, match=r"the budget of \$0.0002 is spent"):
            client.get("/works?filter=doi:10.1/z")
    assert client.meter.spent == pytest.approx(0.0002)


def test_the_next_page_is_where_the_link_header_says(server: ApiServer, client: Client) -> None:
    server.world.datasets += [hf_dataset(f"a/c{n}") for n in range(4)]
    address, names = "/api/datasets?limit=2", []
    while address:
        answer = client.get(address)
        names += [item["id"] for item in answer.data]
        address = answer.next or ""
    assert sorted(names) == ["a/b", "a/c0", "a/c1", "a/c2", "a/c3"]
    assert client.requests == 3


@pytest.mark.parametrize("service", ["huggingface", "github", "openalex"])
def test_a_token_is_sent_and_never_told(
    server: ApiServer, naps: Naps, caplog: pytest.LogCaptureFixture, service: str
) -> None:
    caplog.set_level(logging.DEBUG)
    path = {"huggingface": "/api/datasets/a/b", "github": "/repos/a/b", "openalex": "/works?filter=doi:10.1/x"}[service]
    with Client(Service(service, server.address, SecretStr(SECRET)), sleep=naps) as client:
        server.tokens.add(SECRET)
        client.get(path)
        server.tokens.clear()
        with pytest.raises(Stop, match="the token is refused") as stop:
            client.get(path)
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert not stop.value.spent
    assert SECRET not in caplog.text + str(stop.value) + repr(stop.value) + repr(client.service)


@pytest.mark.parametrize("token", ["has a blank", "has\nbreak", "schlüssel", " "])
def test_a_token_that_cannot_be_sent_is_told_without_telling_it(server: ApiServer, token: str) -> None:
    with pytest.raises(Stop, match="the token is empty or holds characters") as stop:
        Client(Service("huggingface", server.address, SecretStr(token)))
    assert token.strip() == "" or token not in str(stop.value)


def test_a_line_break_after_a_token_is_not_part_of_it(server: ApiServer, naps: Naps) -> None:
    server.tokens.add(SECRET)
    with Client(Service("huggingface", server.address, SecretStr(f"{SECRET}\n")), sleep=naps) as client:
        assert client.get("/api/datasets/a/b").what == "take"
