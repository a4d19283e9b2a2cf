"""Files, trees, refs and commits of a repository at the Hub as the local server plays them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tests.support.api_bodies import card_of, hexes
from tests.support.api_reply import Asked, Reply, blob_id, plain, say
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

PAGE, PAGE_EXPANDED = 1_000, 50
CONVERTED = "refs/convert/parquet"


def card(server: ApiServer, body: Body) -> str:
    """The text of a README."""
    return server.world.cards.get(body["id"]) or card_of(body)


def files_of(server: ApiServer, body: Body) -> list[Body]:
    """The files of a repository; what is told of its README is true of the text that is served."""
    files = [one for one in body.get("siblings") or [] if one["rfilename"] != "README.md"]
    if len(files) == len(body.get("siblings") or []) and body["id"] not in server.world.cards:
        return files
    text = card(server, body)
    return [*files, {"rfilename": "README.md", "size": len(text.encode()), "blobId": blob_id(text)}]


def wrong_revision(body: Body, revision: str) -> Reply | None:
    """What is said where a repository has no such revision: a branch, a commit, a converted copy."""
    if revision in ("main", "HEAD", CONVERTED, "refs/heads/main") or re.fullmatch("[0-9a-f]{40}", revision):
        return None
    told = f"Invalid rev id: {revision}"
    return say({"error": told}, 404, X_Error_Code="RevisionNotFound", X_Error_Message=told)


def _gate(server: ApiServer, asked: Asked, kind: str, body: Body) -> Reply | None:
    """What keeps one from the files and commits of a repository."""
    if body.get("disabled"):
        told = "Access to this resource is disabled."
        return say({"error": told}, 403, X_Error_Message=told)
    if not body.get("gated") or (asked.token and asked.token in server.granted):
        return None
    told = f"Access to {kind[:-1]} {body['id']} is restricted"
    if asked.token:
        told += (
            f" and you are not in the authorized list. Visit {server.address}/{kind}/{body['id']} to ask for access."
        )
        return say({"error": told}, 403, X_Error_Code="GatedRepo", X_Error_Message=told)
    told += ". You must have access to it and be authenticated to access it. Please log in."
    return say({"error": told}, 401, X_Error_Code="GatedRepo", X_Error_Message=told)


def part(server: ApiServer, asked: Asked, kind: str, body: Body, name: str, more: list[str]) -> Reply:
    """What is below ``/api/{kind}/{id}/``."""
    revision = more[0] if more else "main"
    if name == "auth-check":
        return _gate(server, asked, kind, body) or say({})
    if name == "refs":
        return _refs(asked, body)
    if wrong := wrong_revision(body, revision):
        return wrong
    if name == "tree":
        return _tree(server, asked, body, revision, "/".join(more[1:]).strip("/"))
    if name == "paths-info":
        return _paths(server, asked, body)
    if name == "commits":
        return _gate(server, asked, kind, body) or _commits(server, asked, body)
    return say({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")


def _refs(asked: Asked, body: Body) -> Reply:
    def ref(name: str, where: str, commit: str) -> Body:
        return {"name": name, "ref": f"refs/{where}/{name}", "targetCommit": commit}

    made = any(tag.startswith("format:") for tag in body["tags"])
    found: Body = {
        "tags": [],
        "branches": [ref("main", "heads", body["sha"])],
        "converts": [ref(n, "convert", hexes(f"{n} of {body['sha']}", 40)) for n in ("parquet", "duckdb") if made],
    }
    if asked.yes("include_prs"):
        found["pullRequests"] = []
    return say(found)


def _commits(server: ApiServer, asked: Asked, body: Body) -> Reply:
    """The first commit and the newest one, newest first."""
    commits = [(body["sha"], "Upload dataset", body["lastModified"])]
    if body["createdAt"] != body["lastModified"]:
        commits.append((hexes(f"first commit {body['_id']}", 40), "initial commit", body["createdAt"]))
    size, page = asked.number("limit", 50) or 50, asked.number("p", 0) or 0
    found = [
        {"id": sha, "title": title, "message": "", "authors": [{"user": body["author"], "avatar": ""}], "date": date}
        for sha, title, date in commits[page * size : (page + 1) * size]
    ]
    headers = {"X-Total-Count": str(len(commits))}
    if (page + 1) * size < len(commits):
        headers["Link"] = f'<{asked.again(server.address, p=page + 1)}>; rel="next"'
    return Reply(200, headers, json.dumps(found).encode())


def _entries(server: ApiServer, body: Body, revision: str) -> list[Body]:
    """All files and directories of a revision, in their order."""
    if revision == CONVERTED:
        path = "default/train/0000.parquet"
        files: list[Body] = [{"rfilename": path, "size": 1_000, "blobId": hexes(path + body["id"], 40)}]
    else:
        files = files_of(server, body)
    found: dict[str, Body] = {}
    for file in files:
        path = file["rfilename"]
        for end in (at.start() for at in re.finditer("/", path)):
            folder = path[:end]
            found[folder] = {"type": "directory", "oid": hexes(f"tree {folder}", 40), "size": 0, "path": folder}
        entry: Body = {"type": "file", "oid": file["blobId"], "size": file["size"]}
        if lfs := file.get("lfs"):
            entry["lfs"] = {"oid": lfs["sha256"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}
            entry["xetHash"] = hexes(f"xet {lfs['sha256']}", 64)
        found[path] = entry | {"path": path}
    return sorted(found.values(), key=lambda entry: (entry["type"] == "file", entry["path"]))


def _expanded(entry: Body, body: Body) -> Body:
    commit = {"id": body["sha"], "title": "Upload dataset", "date": body["lastModified"]}
    scans = {
        "jFrogScan": {"status": "unscanned"},
        "avScan": {"status": "safe"},
        "pickleImportScan": {"status": "unscanned"},
    }
    return {**entry, "lastCommit": commit, "securityFileStatus": {"status": "safe", **scans}}


def _tree(server: ApiServer, asked: Asked, body: Body, revision: str, below: str) -> Reply:
    found = _entries(server, body, revision)
    if below:
        if not any(entry["path"] == below and entry["type"] == "directory" for entry in found):
            return say(
                {"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found"
            )
        found = [entry for entry in found if entry["path"].startswith(f"{below}/")]
    if not asked.yes("recursive"):
        depth = below.count("/") + 1 if below else 0
        found = [entry for entry in found if entry["path"].count("/") == depth]
    expanded = asked.yes("expand")
    most = PAGE_EXPANDED if expanded else PAGE
    size = min(asked.number("limit", most) or most, most)
    try:
        start = int(base64.b64decode(asked.first("cursor")) or b"0")
    except (ValueError, binascii.Error):
        return say({"error": "Invalid cursor"}, 400, X_Error_Message="Invalid cursor")
    page = [_expanded(entry, body) if expanded else entry for entry in found[start : start + size]]
    if start + size >= len(found):
        return say(page)
    cursor = base64.b64encode(str(start + size).encode()).decode()
    return say(page, Link=f'<{asked.again(server.address, limit=size, cursor=cursor)}>; rel="next"')


def _paths(server: ApiServer, asked: Asked, body: Body) -> Reply:
    """What is known of the paths that a POST names, in a form or in JSON."""
    if asked.headers.get("content-type", "").startswith("application/json"):
        wanted = json.loads(asked.body or b"{}").get("paths", [])
    else:
        pairs = [pair.partition("=") for pair in asked.body.decode().split("&")]
        wanted = [unquote(value.replace("+", " ")) for name, _, value in pairs if name == "paths"]
    return say([entry for entry in _entries(server, body, "main") if entry["path"] in wanted])


def resolved(server: ApiServer, asked: Asked, kind: str, body: Body, revision: str, path: str) -> Reply:
    """Where a file lies: small ones in the cache of the Hub, large ones at a host that does not exist here."""
    if refused := _gate(server, asked, kind, body):
        return plain(refused.status, json.loads(refused.body)["error"], **_under(refused), X_Repo_Commit=body["sha"])
    if wrong := wrong_revision(body, revision):
        return wrong
    commit = {"X-Repo-Commit": body["sha"], "Accept-Ranges": "bytes"}
    file = next((one for one in files_of(server, body) if one["rfilename"] == path), None)
    if file is None:
        headers = {"X_Error_Code": "EntryNotFound", "X_Error_Message": "Entry not found"}
        return plain(404, "Entry not found", X_Repo_Commit=body["sha"], **headers)
    if lfs := file.get("lfs"):
        xet = hexes(f"xet {lfs['sha256']}", 64)
        headers = {
            "Location": f"https://us.aws.cdn.hf.co/xet-bridge-us/{body['_id']}/{xet}?Expires=1795700000&Signature=EXAMPLE",
            "X-Linked-Size": str(lfs["size"]),
            "X-Linked-ETag": f'"{lfs["sha256"]}"',
            "X-Xet-Hash": xet,
            "Cache-Control": "no-store",
        }
        return Reply(302, commit | headers)
    mark = f'"{file.get("blobId") or hexes(path, 40)}"'
    asked_for = quote(asked.path, safe="")
    there = f"/api/resolve-cache/{kind}/{body['id']}/{body['sha']}/{quote(path)}?{asked_for}=&etag={quote(mark)}"
    return Reply(307, commit | {"Location": there, "X-Linked-ETag": mark, "ETag": mark})


def cached(server: ApiServer, asked: Asked, rest: list[str]) -> Reply:
    """A small file as the Hub's cache serves it; the same again is 304."""
    kind, owner, short, commit, *path = (unquote(one) for one in rest)
    name = "/".join(path)
    bodies = server.shelf(kind).find("name", lambda body: (body["id"],), f"{owner}/{short}")
    file = next((one for body in bodies for one in files_of(server, body) if one["rfilename"] == name), None)
    if file is None or "lfs" in file:
        return plain(404, "Entry not found", X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
    if refused := _gate(server, asked, kind, bodies[0]):
        return refused
    headers = {"ETag": f'"{file.get("blobId")}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
    if asked.headers.get("if-none-match") == headers["ETag"]:
        return Reply(304, headers)
    text = card(server, bodies[0]) if name == "README.md" else f"made file {name}\n"
    return Reply(200, {"Content-Type": "text/plain; charset=utf-8"} | headers, text.encode())


def _under(reply: Reply) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in reply.headers.items() if name.startswith("X-")}
