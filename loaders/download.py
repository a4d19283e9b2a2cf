"""Files over the network: each arrives whole and checked in the cache, or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loaders import checksums
from loaders.readers.content import refuse_other_content
from registry.errors import ReadError
from registry.loadspec import FileRef
from registry.settings import settings

LARGEST = 512 << 30
TIMEOUT = 60
CHUNK = 1 << 20
RETRIES = 2
TOO_MANY = 429


class Unavailable(Exception):
    """A place that does not give the file; the message says why. Never reaches the user bare."""


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the right to make `target`; another process that wants it waits."""
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / f".{target.name}.lock"):
        yield


def download(url: str, target: Path, ref: FileRef, token: str | None = None) -> Path:
    """Fetch `url` into `target`, checked against the card's checksums first.

    Args:
        url: an http(s) address.
        target: where it belongs in the cache; returned at once where it is there already.
        ref: the file's entry in the card, for its checksums and size.
        token: sent as a bearer token to the address's own host only.

    Raises:
        Unavailable: it could not be had from there; says why.
        ChecksumError: other bytes than the card pins.
        ReadError: an empty file or a web page came in its place.
    """
    with locked(target):
        if target.is_file():
            return target
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
            arrived = _retrieve(url, Path(folder), ref, token)
            refuse_other_content(arrived)
            checksums.check(arrived, ref)
            arrived.replace(target)
    return target


def _retrieve(url: str, folder: Path, ref: FileRef, token: str | None) -> Path:
    import pooch
    import requests

    name = "file"
    pooch.get_logger().setLevel("ERROR")
    store = pooch.create(folder, base_url="", registry={name: None}, urls={name: url}, retry_if_failed=RETRIES)
    try:
        return Path(store.fetch(name, downloader=_Stream(ref.bytes or LARGEST, token)))
    except requests.HTTPError as error:
        raise Unavailable(f"{url} answered {error.response.status_code}") from None
    except requests.RequestException as error:
        raise Unavailable(f"{url} could not be reached ({type(error).__name__})") from None


class _Stream:
    """How pooch gets a file: in chunks, with a limit, and never a web page."""

    def __init__(self, limit: int, token: str | None) -> None:
        self.limit = limit
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, url: str, output: Any, pooch: Any) -> None:
        import requests

        with requests.get(url, stream=True, timeout=TIMEOUT, headers=self.headers) as answer:
            if 400 <= answer.status_code < 500 and answer.status_code != TOO_MANY:
                raise Unavailable(f"{url} answered {answer.status_code}")  # asking again does not help
            answer.raise_for_status()
            if "text/html" in answer.headers.get("content-type", ""):
                raise ReadError(f"{url} gave a web page (HTML) instead of the file: a login, error or preview page")
            got = 0
            with Path(output).open("wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    got += len(chunk)
                    if got > self.limit:
                        raise ReadError(f"{url} gave more than the {self.limit:,} bytes that were expected")
                    file.write(chunk)


def github_address(source: str, revision: str | None, path: str) -> str:
    """The raw address of a file of ``github:owner/name`` at a commit, else at the head of its default branch."""
    repository = source.removeprefix("github:")
    return f"{settings().github_raw_url.rstrip('/')}/{repository}/{revision or 'HEAD'}/{quote(path)}"


def github_file(source: str, revision: str | None, target: Path, ref: FileRef) -> Path:
    """A file of a GitHub repository; raises as `download`."""
    secret = settings().github_token
    token = secret.get_secret_value() if secret else None
    return download(github_address(source, revision, ref.path), target, ref, token)


def hub_files(source: str, revision: str | None, path: str) -> list[str]:
    """Paths of the files of ``hf:owner/name`` that match the pattern `path`.

    Raises:
        Unavailable: the Hub does not list them; says why.
    """
    from loaders.paths import matcher, safe

    with _hub_errors(source):
        names = _hub().list_repo_files(source.removeprefix("hf:"), repo_type="dataset", revision=revision)
    wanted = matcher(path)
    return [safe(name) for name in sorted(names) if wanted.fullmatch(name)]


def hub_file(source: str, revision: str | None, path: str, *, offline: bool) -> Path:
    """A file of a dataset repository on the Hub, from the Hub's cache inside ours or by its own client.

    Raises:
        Unavailable: not cached and offline, or the Hub does not give it; says why.
        ReadError: an empty file or a web page came in its place.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository, cache = source.removeprefix("hf:"), settings().cache / "hub"
    if offline:
        # Even when told to stay local, `hf_hub_download` may ask the Hub something: offline, only the cache is read.
        got = try_to_load_from_cache(repository, path, cache_dir=cache, revision=revision, repo_type="dataset")
        if not isinstance(got, str):
            raise Unavailable("offline, and not in the cache")
        return Path(got)
    secret = settings().hf_token
    with _hub_errors(source):
        got = hf_hub_download(
            repository,
            path,
            repo_type="dataset",
            revision=revision,
            cache_dir=cache,
            endpoint=settings().hf_endpoint,
            token=secret.get_secret_value() if secret else False,
        )
    refuse_other_content(Path(got))
    return Path(got)


def _hub() -> Any:
    from huggingface_hub import HfApi

    secret = settings().hf_token
    return HfApi(endpoint=settings().hf_endpoint, token=secret.get_secret_value() if secret else False)


@contextlib.contextmanager
def _hub_errors(source: str) -> Iterator[None]:
    from huggingface_hub import errors

    page = f"{settings().hf_endpoint.rstrip('/')}/datasets/{source.removeprefix('hf:')}"
    _refuse_unreachable(settings().hf_endpoint)
    try:
        yield
    except errors.LocalEntryNotFoundError:
        raise Unavailable(f"{page} could not be reached") from None
    except errors.GatedRepoError:
        raise Unavailable(f"{page} is gated: accept its terms there, then set HF_TOKEN to your token") from None
    except errors.RepositoryNotFoundError:
        raise Unavailable(f"{page} does not exist, or needs a token that may see it (HF_TOKEN)") from None
    except errors.RevisionNotFoundError:
        raise Unavailable(f"{page} has no such revision") from None
    except errors.EntryNotFoundError:
        raise Unavailable(f"{page} has no such file") from None
    except errors.HfHubHTTPError as error:
        raise Unavailable(f"{page} answered {error.response.status_code}") from None
    except Exception as error:
        # The Hub's client lets its transport's errors through: httpx's in one release, httpx2's in the next.
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in ("httpx", "httpx2"):
            raise
        raise Unavailable(f"{page} could not be reached ({type(error).__name__})") from None


def _refuse_unreachable(endpoint: str) -> None:
    """Say at once that a server does not answer, where the Hub's client would try for half a minute and tell of it."""
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    parts = urlsplit(endpoint)
    if getproxies().get(parts.scheme) or not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)), 10).close()
    except OSError as error:
        raise Unavailable(f"{endpoint} could not be reached ({error.strerror or type(error).__name__})") from None
