"""Files of public buckets, of Google and of Amazon."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest

from loaders import sources
from loaders.fetch import Origin
from loaders.sources import gcs, s3
from loaders.sources.base import Remote
from registry.errors import ChecksumError
from tests.support.located import found, reasons
from tests.support.web_server import Exchange, WebServer, page, served, told

TABLE = b"a,b\n1,2\n"
DIGEST = hashlib.md5(TABLE)


class TestGoogle:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
        def item(name: str) -> dict[str, str]:
            return {"name": name, "size": str(len(TABLE)), "md5Hash": base64.b64encode(DIGEST.digest()).decode()}

        def listed(exchange: Exchange) -> None:
            assert exchange.query["prefix"] == "v1/data/"
            second = exchange.query.get("pageToken") == "more/=+"
            names = ["v1/data/b.csv"] if second else ["v1/data/", "v1/data/a b.csv"]
            told({"items": [item(name) for name in names], **({} if second else {"nextPageToken": "more/=+"})})(
                exchange
            )

        with WebServer() as server:
            monkeypatch.setattr(gcs, "SITE", server.address)
            server.routes |= {"/storage/v1/b/open/o": listed}
            for name in ("v1/data/a b.csv", "v1/data/b.csv"):
                server.routes[f"/storage/v1/b/open/o/{name}"] = told(item(name))
                server.routes[f"/open/{name}"] = page(TABLE)
            server.routes["/storage/v1/b/closed/o"] = told({"error": {"code": 401}}, 401)
            yield server

    def test_all_pages_are_listed_and_what_stands_for_folders_is_left_out(self, server: WebServer) -> None:
        assert sources.listing("gs:open/v1/data") == [
            Remote("a b.csv", len(TABLE), None, DIGEST.hexdigest()),
            Remote("b.csv", len(TABLE), None, DIGEST.hexdigest()),
        ]

    def test_files_and_patterns_are_fetched(self, server: WebServer) -> None:
        assert found(Origin("set", "gs:open/v1/data"), "b.csv") == [("b.csv", TABLE)]
        assert found(Origin("set", "gs:open/v1/data"), "*.csv") == [("a b.csv", TABLE), ("b.csv", TABLE)]
        assert server.paths.count("/open/v1/data/b.csv") == 1

    def test_a_damaged_file_is_held_against_the_buckets_sum(self, server: WebServer) -> None:
        server.routes["/open/v1/data/b.csv"] = page(TABLE[::-1])
        with pytest.raises(ChecksumError, match="its source says"):
            found(Origin("set", "gs:open/v1/data"), "b.csv")

    def test_a_bucket_that_is_not_public_says_so(self, server: WebServer) -> None:
        assert "is not public: sign in there" in reasons(Origin("set", "gs:closed"), "*.csv")


class TestAmazon:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
        def entry(key: str, etag: str = DIGEST.hexdigest()) -> str:
            return f"<Contents><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag><Size>{len(TABLE)}</Size></Contents>"

        def listed(exchange: Exchange) -> None:
            assert (exchange.query["list-type"], exchange.query["prefix"]) == ("2", "v1/")
            second = exchange.query.get("continuation-token") == "to/ken="
            keys = entry("v1/b.csv", f"{DIGEST.hexdigest()}-2") if second else entry("v1/") + entry("v1/a &amp; b.csv")
            more = "" if second else "<NextContinuationToken>to/ken=</NextContinuationToken>"
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>{'false' if second else 'true'}</IsTruncated>{more}{keys}</ListBucketResult>"
            )
            page(body.encode(), kind="application/xml")(exchange)

        with WebServer() as server:
            monkeypatch.setattr(s3, "SITE", f"{server.address}/{{bucket}}")
            server.routes |= {
                "/open/": listed,
                "/open/v1/a & b.csv": served(TABLE),
                "/open/v1/b.csv": served(TABLE),
                "/closed/": page(b"<Error><Code>AccessDenied</Code></Error>", 403, "application/xml"),
            }
            yield server

    def test_all_pages_are_listed_with_the_sums_that_are_sums(self, server: WebServer) -> None:
        assert sources.listing("s3:open/v1") == [
            Remote("a & b.csv", len(TABLE), None, DIGEST.hexdigest()),
            Remote("b.csv", len(TABLE), None, None),  # an ETag of several parts is no sum of the whole
        ]

    def test_files_and_patterns_are_fetched(self, server: WebServer) -> None:
        assert found(Origin("set", "s3:open/v1"), "*.csv") == [("a & b.csv", TABLE), ("b.csv", TABLE)]

    def test_a_bucket_that_is_not_public_says_so(self, server: WebServer) -> None:
        assert "the bucket s3://closed is not public" in reasons(Origin("set", "s3:closed"), "*")

    def test_entities_are_not_followed(self, server: WebServer) -> None:
        server.routes["/open/"] = page(
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ListBucketResult><Contents><Key>v1/&e;</Key>'
            b"</Contents></ListBucketResult>"
        )
        try:
            names = [remote.path for remote in sources.listing("s3:open/v1")]
        except sources.Unavailable:
            names = []
        assert not any(re.search("root|:", name) for name in names)
