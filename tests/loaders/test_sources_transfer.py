"""Downloads over bad lines and from bad servers: resumed, asked for again, or refused, and never half in the cache."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loaders import download
from loaders.checksums import sha256
from loaders.download import Unavailable
from loaders.sources import transfer
from loaders.sources.transfer import Wanted, WebPage
from registry.errors import ChecksumError, ReadError
from registry.loadspec import FileRef
from tests.support.web_server import (
    Exchange,
    WebServer,
    dripping,
    endless,
    flooding,
    in_turn,
    page,
    redirect,
    served,
)

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def cache(clean_env: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(download, "BACKOFF", 0.01)
    return Path(os.environ["REGISTRY_CACHE"])


@pytest.fixture
def server() -> WebServer:
    with WebServer() as server:
        yield server  # type: ignore[misc]


def fetched(server: WebServer, cache: Path, path: str = "/x.bin", **pins: object) -> bytes:
    ref = FileRef.model_validate({"path": "x.bin", **pins})
    target = cache / "datasets/set/x.bin"
    return transfer.download(server.address + path, target, Wanted(ref, "test")).read_bytes()


def left(cache: Path) -> list[str]:
    """What is in the cache, locks aside."""
    return sorted(
        path.relative_to(cache).parts[0] for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


class TestCutShort:
    def test_a_file_cut_in_the_middle_is_gone_on_with_where_it_was_cut(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), served(CONTENT))
        assert fetched(server, cache) == CONTENT
        assert [exchange.headers.get("Range") for exchange in server.asked] == [None, "bytes=400000-"]
        assert server.asked[1].headers["If-Range"] == '"v1"'
        assert left(cache) == ["blobs", "datasets"]

    def test_what_arrived_is_still_there_for_the_next_call(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), page(b"", 503))
        with pytest.raises(Unavailable, match="answered 503, 5 times"):
            fetched(server, cache)
        assert left(cache) == ["parts", "parts"]
        server.routes["/x.bin"] = served(CONTENT)
        assert fetched(server, cache) == CONTENT
        assert server.asked[-1].headers["Range"] == "bytes=400000-"

    def test_a_line_that_breaks_again_and_again_is_fine_as_long_as_it_gets_on(
        self, server: WebServer, cache: Path
    ) -> None:
        server.routes["/x.bin"] = served(CONTENT, cut=100_000)
        assert fetched(server, cache) == CONTENT
        assert len(server.asked) == 11

    def test_a_server_that_knows_no_ranges_is_asked_from_the_beginning(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), served(CONTENT, ranges=False))
        assert fetched(server, cache) == CONTENT

    def test_a_file_that_changed_meanwhile_is_begun_anew(self, server: WebServer, cache: Path) -> None:
        other = CONTENT[::-1]
        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), served(other, etag='"v2"'))
        assert fetched(server, cache) == other

    def test_a_file_that_became_shorter_is_begun_anew(self, server: WebServer, cache: Path) -> None:
        def gone_beyond(exchange: Exchange) -> None:
            exchange.say(b"", 416, {"Content-Range": "bytes */10"})

        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), gone_beyond, served(b"0123456789"))
        assert fetched(server, cache) == b"0123456789"

    def test_another_part_than_was_asked_for_is_refused(self, server: WebServer, cache: Path) -> None:
        def wrong(exchange: Exchange) -> None:
            exchange.say(CONTENT[5:], 206, {"Content-Range": f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"})

        server.routes["/x.bin"] = in_turn(served(CONTENT, cut=400_000), wrong)
        with pytest.raises(Unavailable, match="another part of the file"):
            fetched(server, cache)

    def test_without_a_mark_of_its_version_nothing_is_put_together(self, server: WebServer, cache: Path) -> None:
        def cut(exchange: Exchange) -> None:
            exchange.say(CONTENT[:400_000], length=len(CONTENT))
            exchange.handler.close_connection = True

        server.routes["/x.bin"] = in_turn(cut, page(CONTENT))
        assert fetched(server, cache) == CONTENT
        assert [exchange.headers.get("Range") for exchange in server.asked] == [None, None]

    def test_a_file_that_always_ends_early_is_told(self, server: WebServer, cache: Path) -> None:
        def cut(exchange: Exchange) -> None:
            exchange.say(CONTENT[:10], length=len(CONTENT))
            exchange.handler.close_connection = True

        server.routes["/x.bin"] = cut
        with pytest.raises(Unavailable, match="stopped in the middle .*, 5 times"):
            fetched(server, cache)


class TestBusyServers:
    def test_a_wait_that_is_asked_for_is_kept(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr("time.sleep", waits.append)
        server.routes["/x.bin"] = in_turn(page(b"", 429, Retry_After="7"), served(CONTENT))
        assert fetched(server, cache) == CONTENT
        assert waits == [7]

    def test_a_wait_that_is_too_long_is_told_instead(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = page(b"", 429, Retry_After="3600")
        with pytest.raises(Unavailable, match="answered 429, and asks to wait 3,600 s"):
            fetched(server, cache)
        assert len(server.asked) == 1

    def test_what_will_not_change_is_not_asked_again(self, server: WebServer, cache: Path) -> None:
        with pytest.raises(Unavailable, match="answered 404") as caught:
            fetched(server, cache)
        assert caught.value.gone
        assert len(server.asked) == 1


class TestWhatIsNoFile:
    def test_a_page_with_the_status_of_success_is_refused(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = page(b"<html>Sign in</html>", kind="text/html")
        with pytest.raises(WebPage, match=r"x.bin gave a web page \(HTML\) instead of the file"):
            fetched(server, cache)
        assert left(cache) == []

    @pytest.mark.parametrize(
        ("pins", "message"),
        [
            ({"sha256": "0" * 64}, "sha256 is .* and the card pins 0000"),
            ({"bytes": len(CONTENT) + 1}, "1,024,000 bytes, and the card pins 1,024,001"),
        ],
    )
    def test_other_bytes_than_the_card_pins_do_not_enter_the_cache(
        self, server: WebServer, cache: Path, pins: dict[str, object], message: str
    ) -> None:
        server.routes["/x.bin"] = served(CONTENT)
        with pytest.raises(ChecksumError, match=message):
            fetched(server, cache, **pins)
        assert left(cache) == []

    def test_an_empty_answer_is_refused(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = page(b"")
        with pytest.raises(ReadError, match="x.bin: the file is empty"):
            fetched(server, cache)

    def test_the_wrong_sum_of_a_source_is_told_as_damage(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = served(CONTENT)
        wanted = Wanted(FileRef(path="x.bin"), "test", md5="0" * 32)
        with pytest.raises(ChecksumError, match="md5 is .* its source says 0000.* damaged on its way"):
            transfer.download(f"{server.address}/x.bin", cache / "x.bin", wanted)


class TestFloods:
    def test_an_endless_answer_ends_at_what_was_expected(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = endless
        with pytest.raises(ReadError, match="more than the 5,000,000 bytes that were expected"):
            fetched(server, cache, bytes=5_000_000)
        assert left(cache) == []

    def test_an_endless_answer_ends_even_where_nothing_is_known(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transfer, "LARGEST", 1 << 20)
        server.routes["/x.bin"] = endless
        with pytest.raises(ReadError, match="more than the 1,048,576 bytes"):
            fetched(server, cache)

    def test_more_than_expected_is_refused_before_it_is_sent(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = served(CONTENT)
        with pytest.raises(ReadError, match="more than the 5 bytes"):
            fetched(server, cache, bytes=5)

    def test_a_packed_answer_that_unfolds_without_end_is_a_bomb(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "HARMLESS", 1 << 20)
        server.routes["/x.bin"] = page(gzip.compress(b"\0" * (64 << 20)), Content_Encoding="gzip")
        monkeypatch.setattr(download, "RATIO", 100)
        with pytest.raises(ReadError, match="decompression bomb"):
            fetched(server, cache)

    def test_a_packed_answer_is_unpacked(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = page(gzip.compress(CONTENT), Content_Encoding="gzip")
        assert fetched(server, cache, sha256=hashlib.sha256(CONTENT).hexdigest()) == CONTENT

    def test_headers_without_end_are_not_listened_to(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.routes["/x.bin"] = flooding
        with pytest.raises(Unavailable, match="could not be reached"):
            fetched(server, cache)

    def test_a_server_that_drips_is_given_up(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "IDLE", 0.3)
        monkeypatch.setattr(download, "RETRIES", 0)
        server.routes["/x.bin"] = dripping
        with pytest.raises(Unavailable, match="less than 64 bytes a second"):
            fetched(server, cache)

    def test_a_server_that_falls_silent_is_given_up(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import time

        monkeypatch.setattr(download, "IDLE", 0.2)
        monkeypatch.setattr(download, "RETRIES", 0)
        server.routes["/x.bin"] = lambda exchange: time.sleep(1)
        with pytest.raises(Unavailable, match="could not be reached .ReadTimeout"):
            fetched(server, cache)


class TestRedirects:
    @pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
    def test_only_the_webs_own_protocols_are_followed(self, server: WebServer, cache: Path, target: str) -> None:
        server.routes["/x.bin"] = redirect(target)
        with pytest.raises(Unavailable, match=f"redirects to {target.partition(':')[0]}:, which is not followed"):
            fetched(server, cache)

    def test_a_circle_has_an_end(self, server: WebServer, cache: Path) -> None:
        server.routes["/x.bin"] = redirect("/x.bin")
        with pytest.raises(Unavailable, match="redirects more than 10 times"):
            fetched(server, cache)

    def test_a_secret_stays_with_the_host_it_is_for(self, server: WebServer, cache: Path) -> None:
        with WebServer({"/y.bin": served(CONTENT)}) as other:
            server.routes["/x.bin"] = redirect(f"{other.address}/y.bin")
            wanted = Wanted(FileRef(path="x.bin"), "test", {"Authorization": "Bearer secret-3"})
            transfer.download(f"{server.address}/x.bin", cache / "x.bin", wanted)
            assert server.asked[0].headers["Authorization"] == "Bearer secret-3"
            assert other.asked[0].headers["Authorization"] is None

    @pytest.mark.parametrize(
        "target",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/x",
            "http://127.0.0.1/x",
            "http://[::1]/x",
            "http://[::ffff:10.0.0.1]/x",
            "http://[64:ff9b::a00:1]/x",
            "http://2130706433/x",
            "http://0.0.0.0/x",
            "http://[fe80::1]/x",
        ],
    )
    def test_no_way_leads_from_the_public_into_a_network(self, target: str) -> None:
        with pytest.raises(Unavailable, match="inside a network: not followed"):
            download.followed("https://data.example.org/x", target, public=True)

    def test_a_name_that_stands_for_an_inner_address_is_no_way_in_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        both = [(2, 1, 6, "", ("93.184.215.14", 80)), (2, 1, 6, "", ("192.168.1.7", 80))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: both)
        with pytest.raises(Unavailable, match=r"leads.example.org \(192.168.1.7\), inside a network"):
            download.followed("https://data.example.org/x", "http://leads.example.org/x", public=True)

    def test_public_addresses_are_followed(self) -> None:
        assert download.followed("https://a.example.org/x", "https://1.1.1.1/y", public=True) == "https://1.1.1.1/y"
        assert not download.is_inner("2606:4700:4700::1111")

    def test_an_address_is_told_without_what_is_secret_in_it(self) -> None:
        assert download.shown("https://me:pass@host.org/x?X-Amz-Signature=abc") == "https://host.org/x"
        assert download.shown("https://host.org/x?id=3") == "https://host.org/x?id=3"


def test_two_processes_that_want_the_same_bytes_fetch_them_once(server: WebServer, cache: Path) -> None:
    server.routes["/x.bin"] = served(CONTENT)
    code = (
        "import sys; from pathlib import Path; from loaders.sources.transfer import Wanted, download;"
        "from registry.loadspec import FileRef;"
        "print(download(sys.argv[1], Path(sys.argv[2]), Wanted(FileRef(path='x.bin'), 'test')).stat().st_size)"
    )
    command = [sys.executable, "-c", code, f"{server.address}/x.bin", str(cache / "datasets/set/x.bin")]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True), range(2)))
    assert [run.stdout.strip() for run in runs] == [b"1024000"] * 2, runs
    assert server.paths == ["/x.bin"]
    assert sha256(cache / "datasets/set/x.bin") == hashlib.sha256(CONTENT).hexdigest()
