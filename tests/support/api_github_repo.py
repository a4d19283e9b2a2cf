"""A repository of GitHub as the local server plays it: what it is, its licence, README, releases and files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.support import api_github_files
from tests.support.api_bodies import hexes
from tests.support.api_github_words import DOCS, refuse
from tests.support.api_reply import Asked, Reply, say
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

BELOW = (
    "forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events assignees{/user} "
    "branches{/branch} tags git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} statuses/{sha} languages "
    "stargazers contributors subscribers subscription commits{/sha} git/commits{/sha} comments{/number} "
    "issues/comments{/number} contents/{+path} compare/{base}...{head} merges {archive_format}{/ref} downloads "
    "issues{/number} pulls{/number} milestones{/number} notifications{?since,all,participating} labels{/name} "
    "releases{/id} deployments"
).split()
ADDRESSES = (
    "forks keys collaborators teams hooks issue_events events assignees branches tags blobs git_tags git_refs trees "
    "statuses languages stargazers contributors subscribers subscription commits git_commits comments issue_comment "
    "contents compare merges archive downloads issues pulls milestones notifications labels releases deployments"
).split()
OWNER = (
    "followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos events{/privacy} "
    "received_events"
).split()
OWNER_ADDRESSES = "followers following gists starred subscriptions organizations repos events received_events".split()


def _owner(owner: Body) -> Body:
    me = f"https://api.github.com/users/{owner['login']}"
    below = {f"{name}_url": f"{me}/{path}" for name, path in zip(OWNER_ADDRESSES, OWNER, strict=True)}
    same = {"node_id": "U_made", "avatar_url": "https://avatars.githubusercontent.com/u/1?v=4", "gravatar_id": ""}
    page = {"url": me, "html_url": f"https://github.com/{owner['login']}"}
    return {**same, **page, **below, "user_view_type": "public", "site_admin": False, **owner}


def shown(body: Body, *, alone: bool = False) -> Body:
    """A repository with its addresses; with what only its own page has where it is asked for `alone`."""
    name = body["full_name"]
    me = f"https://api.github.com/repos/{name}"
    below = {f"{key}_url": f"{me}/{path}" for key, path in zip(ADDRESSES, BELOW, strict=True)}
    page = {"html_url": f"https://github.com/{name}", "url": me, "name": name.partition("/")[2]}
    page |= {"git_url": f"git://github.com/{name}.git", "ssh_url": f"git@github.com:{name}.git"}
    page |= {"clone_url": f"https://github.com/{name}.git", "svn_url": f"https://github.com/{name}"}
    usual: Body = {
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
    }
    usual |= {"has_discussions": False, "mirror_url": None, "allow_forking": True, "is_template": False}
    usual |= {"web_commit_signoff_required": False, "has_pull_requests": True, "pull_request_creation_policy": "all"}
    counts = {
        "forks": body["forks_count"],
        "open_issues": body["open_issues_count"],
        "watchers": body["watchers_count"],
    }
    only = {"temp_clone_token": None, "network_count": body["forks_count"], "subscribers_count": 3} if alone else {}
    return {**below, **usual, **counts, **only, **body, **page, "owner": _owner(body["owner"])}


def _in(body: Body, version: str) -> Body:
    """Without what a later version of the interface dropped."""
    return body if version < "2026-03-10" else {k: v for k, v in body.items() if k != "has_downloads"}


def answer(server: ApiServer, asked: Asked, version: str) -> Reply:
    """What is below ``/repos/{owner}/{name}`` or ``/repositories/{id}``."""
    _, kind, *rest = asked.path.split("/")
    count = 2 if kind == "repos" else 1
    name, below = unquote("/".join(rest[:count])), [unquote(part) for part in rest[count:]]
    shelf = server.shelf("repositories")
    if kind == "repos":
        found = shelf.find("name", lambda body: (body["full_name"].lower(),), name.lower())
    else:
        found = shelf.find("id", lambda body: (str(body["id"]),), name)
    if not found:
        return _moved(server, asked, name, "/".join(rest[count:])) or refuse(404, "Not Found")
    body = found[0]
    if reason := server.world.blocked.get(body["full_name"]):
        block = {"reason": reason, "created_at": "2025-03-14T13:42:10Z"}
        block |= {"html_url": "https://github.com/github/dmca"} if reason == "dmca" else {}
        return say({"message": "Repository access blocked", "block": block}, 451 if reason == "dmca" else 403)
    return say(_in(shown(body, alone=True), version)) if not below else _below(server, asked, body, below, version)


def _moved(server: ApiServer, asked: Asked, name: str, below: str) -> Reply | None:
    """Where the repository of an old name is now."""
    renamed, shelf = server.world.renamed, server.shelf("repositories")
    now = name
    for _ in range(9):
        now = renamed.get(now) or next((new for old, new in renamed.items() if old.lower() == now.lower()), "")
        if found := shelf.find("name", lambda body: (body["full_name"].lower(),), now.lower()):
            address = "/".join([f"{server.address}/repositories/{found[0]['id']}", *([below] if below else [])])
            told = {"message": "Moved Permanently", "url": address + asked.rest, "documentation_url": DOCS}
            return say(told, 301, Location=address + asked.rest)
    return None


def _below(server: ApiServer, asked: Asked, body: Body, below: list[str], version: str) -> Reply:
    part, *more = below
    name = body["full_name"]
    releases = [one for one in server.world.releases.get(name, []) if not one["draft"]]
    if part == "license" and not more:
        return api_github_files.licence(server, asked, body)
    if part == "readme" and not more:
        return api_github_files.readme(server, asked, body)
    if part == "contents":
        return api_github_files.contents(server, asked, body, "/".join(more).strip("/"), version)
    if part == "git" and len(more) == 2 and more[0] in ("trees", "blobs"):
        read = api_github_files.tree if more[0] == "trees" else api_github_files.blob
        return read(server, asked, body, more[1])
    if part == "commits":
        return api_github_files.commits(server, body)
    if part == "releases" and not more:
        return _paged(server, asked, body, releases)
    if part == "releases" and more == ["latest"]:
        latest = next((one for one in releases if not one["prerelease"]), None)
        return say(latest) if latest else refuse(404, "Not Found", f"{DOCS}/releases/releases#get-the-latest-release")
    if part == "releases" and more[0] == "tags":
        tagged = next((one for one in releases if one["tag_name"] == "/".join(more[1:])), None)
        return say(tagged) if tagged else refuse(404, "Not Found")
    if part == "tags":
        names = [one["tag_name"] for one in server.world.releases.get(name, [])]
        return _paged(server, asked, body, [{"name": n, "commit": {"sha": hexes(f"{name} {n}", 40)}} for n in names])
    if part == "topics":
        return say({"names": body["topics"]})
    if part == "languages":
        return say({body["language"]: body["size"] * 1_000} if body["language"] else {})
    return refuse(404, "Not Found")


def _paged(server: ApiServer, asked: Asked, body: Body, items: list[Body]) -> Reply:
    """A page of a list; its links go by the number of the repository, whatever name was asked for."""
    size = min(asked.number("per_page", 30) or 30, 100)
    page = asked.number("page", 1) or 1
    last = -(-len(items) // size)
    path = f"/repositories/{body['id']}/{asked.path.rstrip('/').rpartition('/')[2]}"
    return Reply(
        200,
        links(server, asked, page, last, path),
        json.dumps(items[(page - 1) * size : page * size]).encode(),
    )


def links(server: ApiServer, asked: Asked, page: int, last: int, path: str | None = None) -> dict[str, str]:
    """The Link header of a page of a list with `last` pages; none where there is one page alone."""
    wanted = [("prev", page - 1)] if page > 1 else []
    wanted += [("next", page + 1), ("last", last)] if page < last else []
    wanted += [("first", 1)] if page > 1 else []
    told = ", ".join(f'<{asked.again(server.address, path, page=number)}>; rel="{rel}"' for rel, number in wanted)
    return {"Link": told} if told else {}
