"""The files of a repository of GitHub as the local server plays them: contents, trees, blobs, licence, README."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.api_bodies import hexes
from tests.support.api_github_words import DOCS, refuse
from tests.support.api_reply import Asked, Reply, blob_id, plain, say
from tests.support.api_world import Body, Files

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

SHOWN, SERVED = 2**20, 100 * 2**20
"""Bytes of a file whose content is told, and of one that is told at all."""
GITLINK = "gitlink "
TOO_LARGE = (
    "This API returns blobs up to 1 MB in size. The requested blob is too large to fetch via the API, but you can use "
    "the Git Data API to request blobs up to 100 MB in size."
)


def files_of(server: ApiServer, body: Body) -> Files:
    """All files of a repository: those that were given, its README, and a licence file where it has a licence."""
    world, name = server.world, body["full_name"]
    found: Files = {}
    if name in world.readmes:
        found["README.md"] = world.readmes[name]
    if body["license"]:
        found["LICENSE"] = f"{body['license']['name']}\n\nCopyright (c) 2020 {body['owner']['login']}\n"
    return {**found, **world.code.get(name, {}), **world.files.get(name, {})}


def _head(body: Body) -> str:
    return hexes(f"head {body['id']} {body['pushed_at']}", 40)


def _is_empty(server: ApiServer, body: Body) -> bool:
    return body["pushed_at"] is None or (body["size"] == 0 and not server.world.files.get(body["full_name"]))


def _not_found(section: str) -> Reply:
    return refuse(404, "Not Found", f"{DOCS}/{section}")


def _sha(path: str, content: str | int) -> str:
    if isinstance(content, str):
        return content.removeprefix(GITLINK) if content.startswith(GITLINK) else blob_id(content)
    return hexes(f"{path} {content}", 40)


def _size(content: str | int) -> int:
    return content if isinstance(content, int) else len(content.encode())


def _entry(body: Body, path: str, kind: str, sha: str, size: int) -> Body:
    name, branch = body["full_name"], body["default_branch"]
    there = f"https://api.github.com/repos/{name}"
    me = f"{there}/contents/{quote(path)}?ref={branch}"
    page = f"https://github.com/{name}/{'blob' if kind == 'file' else 'tree'}/{branch}/{quote(path)}"
    git = f"{there}/git/{'blobs' if kind == 'file' else 'trees'}/{sha}"
    raw = f"https://raw.githubusercontent.com/{name}/{branch}/{quote(path)}" if kind == "file" else None
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": size,
        "url": me,
        "html_url": page,
        "git_url": git,
        "download_url": raw,
        "type": kind,
        "_links": {"self": me, "git": git, "html": page},
    }


def _file(asked: Asked, body: Body, path: str, content: str | int, **more: Body) -> Reply:
    """A file with its content: as far as that is told."""
    size = _size(content)
    if size > SERVED:
        errors = [{"resource": "Blob", "field": "data", "code": "too_large"}]
        return refuse(403, TOO_LARGE, f"{DOCS}/repos/contents#get-repository-content", errors=errors)
    if "raw" in asked.headers.get("accept", ""):
        return plain(200, content if isinstance(content, str) else "0" * content)
    told = {"content": "", "encoding": "none"}
    if size <= SHOWN:
        text = content if isinstance(content, str) else "0" * content
        told = {"content": base64.encodebytes(text.encode()).decode(), "encoding": "base64"}
    entry = _entry(body, path, "file", _sha(path, content), size)
    links = entry.pop("_links")
    return say({**entry, **told, "_links": links, **more})


def licence(server: ApiServer, asked: Asked, body: Body) -> Reply:
    """The licence file and what GitHub takes it for."""
    if not body["license"]:
        return _not_found("licenses/licenses#get-the-license-for-a-repository")
    files = files_of(server, body)
    path = next(path for path in files if path.upper().startswith("LICEN") or path == "LICENSE")
    return _file(asked, body, path, files[path], license=body["license"])


def readme(server: ApiServer, asked: Asked, body: Body) -> Reply:
    """The README of the root."""
    files = files_of(server, body)
    path = next((path for path in files if path.lower().startswith("readme")), None)
    return _file(asked, body, path, files[path]) if path else _not_found("repos/contents#get-a-repository-readme")


def contents(server: ApiServer, asked: Asked, body: Body, path: str, version: str) -> Reply:
    """A file, or the list of a directory."""
    if _is_empty(server, body):
        return refuse(404, "This repository is empty.", f"{DOCS}/repos/contents#get-repository-content")
    files = files_of(server, body)
    if path in files:
        return _file(asked, body, path, files[path])
    below = f"{path}/" if path else ""
    found: dict[str, Body] = {}
    for name, content in sorted(files.items()):
        if not name.startswith(below):
            continue
        first, deeper, _ = name.removeprefix(below).partition("/")
        here = below + first
        if deeper:
            found[here] = _entry(body, here, "dir", hexes(f"tree {here}", 40), 0)
        elif isinstance(content, str) and content.startswith(GITLINK):
            entry = _entry(body, here, "submodule", _sha(here, content), 0)
            found[here] = entry | {"type": "file" if version < "2026-03-10" else "submodule"}
        else:
            found[here] = _entry(body, here, "file", _sha(here, content), _size(content))
    return say(list(found.values())[:1_000]) if found else _not_found("repos/contents#get-repository-content")


def tree(server: ApiServer, asked: Asked, body: Body, ref: str) -> Reply:
    """The tree of a branch or commit; any value of ``recursive`` asks for all levels."""
    if _is_empty(server, body):
        return refuse(409, "Git Repository is empty.", f"{DOCS}/git/trees#get-a-tree")
    root = hexes(f"tree of {_head(body)}", 40)
    if ref not in (body["default_branch"], "HEAD", _head(body), root):
        return _not_found("git/trees#get-a-tree")
    there = f"https://api.github.com/repos/{body['full_name']}/git"
    found: dict[str, Body] = {}
    for path, content in sorted(files_of(server, body).items()):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            sha = hexes(f"tree {folder}", 40)
            entry = {"path": folder, "mode": "040000", "type": "tree", "sha": sha, "url": f"{there}/trees/{sha}"}
            found.setdefault(folder, entry)
        sha = _sha(path, content)
        if isinstance(content, str) and content.startswith(GITLINK):
            found[path] = {"path": path, "mode": "160000", "type": "commit", "sha": sha}
        else:
            found[path] = {"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": _size(content)}
            found[path]["url"] = f"{there}/blobs/{sha}"
    entries = [entry for path, entry in found.items() if asked.first("recursive") or "/" not in path]
    cut = body["full_name"] in server.world.truncated and bool(asked.first("recursive"))
    shown = entries[: len(entries) // 2] if cut else entries
    return say({"sha": root, "url": f"{there}/trees/{root}", "tree": shown, "truncated": cut})


def blob(server: ApiServer, asked: Asked, body: Body, sha: str) -> Reply:
    """The content of a file by the name that git gives it."""
    for path, content in files_of(server, body).items():
        if _sha(path, content) == sha and _size(content) <= SERVED:
            text = content if isinstance(content, str) else "0" * content
            if "raw" in asked.headers.get("accept", ""):
                return plain(200, text)
            url = f"https://api.github.com/repos/{body['full_name']}/git/blobs/{sha}"
            told = {"content": base64.encodebytes(text.encode()).decode(), "encoding": "base64"}
            return say({"sha": sha, "node_id": "B_made", "size": _size(content), "url": url, **told})
    return _not_found("git/blobs#get-a-blob")


def commits(server: ApiServer, body: Body) -> Reply:
    """The newest commit, which is all that is known here."""
    if _is_empty(server, body):
        return refuse(409, "Git Repository is empty.", f"{DOCS}/commits/commits#list-commits")
    author = {"name": "Made Author", "email": "made@example.org", "date": body["pushed_at"]}
    return say([{"sha": _head(body), "commit": {"author": author, "committer": author, "message": "Made commit"}}])
