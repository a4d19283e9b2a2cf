"""Dataset repositories on the Hugging Face Hub, ``hf:owner/name``: by its own client, in its cache inside ours."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loaders import checksums
from loaders.download import Interrupted, Unavailable, ask, refuse_unreachable
from loaders.readers.content import refuse_other_content
from loaders.sources.base import Entry, Remote, name_of, usable
from loaders.sources.visit import note
from registry.loadspec import FileRef
from registry.settings import settings

DISK = {errno.ENOSPC, errno.EACCES, errno.EFBIG, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EDQUOT}
"""Errors of this machine's disk, which are not the Hub's."""


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the repository; with their sha256 where they are large."""
    with _errors(source):
        tree = list(_api().list_repo_tree(name_of(source), recursive=True, repo_type="dataset", revision=revision))
    found = []
    for item in tree:
        if hasattr(item, "blob_id"):
            lfs = item.lfs
            remote = Remote(item.path, item.size, lfs.sha256 if lfs else None, None, None if lfs else item.blob_id)
            found.append(Entry(remote, ""))
    _tell_moved(source)
    return [entry.remote for entry in usable(found, source)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """A file of the repository at a revision, from the Hub's cache or over the network; not at `target`."""
    from huggingface_hub import hf_hub_download

    with _errors(source):
        got = hf_hub_download(
            name_of(source),
            ref.path,
            repo_type="dataset",
            revision=revision,
            cache_dir=_cache(),
            endpoint=settings().hf_endpoint,
            token=_token(),
        )
    path = Path(got)
    refuse_other_content(path)
    checksums.check(path, ref)
    _tell_moved(source)
    return path


def cached(source: str, revision: str | None, path: str) -> Path | None:
    """A file of the repository that is in the Hub's cache already; opens no socket."""
    from huggingface_hub import try_to_load_from_cache

    # Even when told to stay local, `hf_hub_download` may ask the Hub something: offline, only the cache is read.
    got = try_to_load_from_cache(name_of(source), path, cache_dir=_cache(), revision=revision, repo_type="dataset")
    return Path(got) if isinstance(got, str) else None


def page(source: str, revision: str | None = None) -> str:
    """The repository, at a revision where one is given."""
    base = f"{settings().hf_endpoint.rstrip('/')}/datasets/{name_of(source)}"
    return f"{base}/tree/{revision}" if revision else base


def latest(source: str) -> str | None:
    """The newest commit."""
    with _errors(source):
        told = _api().dataset_info(name_of(source)).sha
    return str(told) if told else None


def _cache() -> Path:
    return settings().cache / "hub"


def _token() -> str | bool:
    secret = settings().hf_token
    return secret.get_secret_value() if secret else False


def _api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=settings().hf_endpoint, token=_token())


def _tell_moved(source: str) -> None:
    """Note a repository that has another name now, which the Hub's client follows without a word."""
    if name := _new_name(page(source), name_of(source)):
        note("moved", source, f"{page(source)} has moved to {page(f'hf:{name}')}")


@lru_cache(maxsize=1024)
def _new_name(page: str, name: str) -> str | None:
    start = f"{page}/resolve/main/README.md"
    with contextlib.suppress(Unavailable, Interrupted), ask(start) as answer:
        where = urlsplit(answer.url)
        found = re.search(r"/datasets/(.+?)/(?:resolve/|[0-9a-f]{40}/)", where.path)
        if found and where.hostname == urlsplit(start).hostname and found[1].lower() != name.lower():
            return found[1]
    return None


@contextlib.contextmanager
def _errors(source: str) -> Iterator[None]:
    from huggingface_hub import errors

    where = page(source)
    refuse_unreachable(settings().hf_endpoint)
    try:
        yield
    except errors.LocalEntryNotFoundError:
        raise Unavailable(f"{where} could not be reached") from None
    except errors.GatedRepoError:
        raise Unavailable(f"{where} is gated: accept its terms there, then set HF_TOKEN to your token") from None
    except errors.RepositoryNotFoundError:
        raise Unavailable(f"{where} does not exist, or needs a token that may see it (HF_TOKEN)", status=404) from None
    except errors.RevisionNotFoundError:
        raise Unavailable(f"{where} has no such revision", status=404) from None
    except errors.EntryNotFoundError:
        raise Unavailable(f"{where} has no such file", status=404) from None
    except errors.HfHubHTTPError as error:
        raise Unavailable(f"{where} answered {error.response.status_code}") from None
    except Exception as error:
        # The Hub's client lets its transport's errors through: httpx's in one release, httpx2's in the next.
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in ("httpx", "httpx2"):
            raise
        raise Unavailable(f"{where} could not be reached ({type(error).__name__})") from None
