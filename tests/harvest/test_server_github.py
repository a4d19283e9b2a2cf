"""The local GitHub against the contract of 2026 and against answers written down."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.support.api_faults import FAULTS
from tests.support.api_reply import Reply
from tests.support.api_server import ApiServer, Limits
from tests.support.api_shapes import as_interaction, differences, interactions
from tests.support.api_shapes import ask as ask_plainly
from tests.support.api_world import World, gh_release, gh_repository

AGENT = {"User-Agent": "tests"}
ME = AGENT | {"Authorization": "Bearer ghp_EXAMPLE"}
NAME = "made-org/med-exam-qa"
CODE = 'from datasets import load_dataset\nds = load_dataset("made-org/med-exam-qa", split="test")\n'


@pytest.fixture
def world() -> World:
    """What the written-down answers speak of."""
    about: dict[str, Any] = {
        "description": "Made repository for medical question answering",
        "topics": ["medical", "qa"],
    }
    return World(
        repositories=[
            gh_repository(NAME, id=900_000_001, **about, stargazers_count=40, created_at="2024-03-01T05:00:00Z"),
            gh_repository("made-lab/notes", "NOASSERTION", **about, archived=True, pushed_at="2019-05-05T00:00:00Z"),
            gh_repository("made-user/med-exam-qa", None, **about, language="Jupyter Notebook"),
            gh_repository("made-user/fork", **about, fork=True),
            gh_repository("made-org/empty", size=0),
            gh_repository("made-org/taken-down"),
            gh_repository("made-org/disabled"),
            gh_repository("made-user/bench", description=None),
        ],
        renamed={"made-old/med-exam-qa": NAME},
        blocked={"made-org/taken-down": "dmca", "made-org/disabled": "tos"},
        readmes={NAME: "# Exam\nSee https://huggingface.co/datasets/made-org/med-exam-qa\n"},
        files={
            NAME: {"data/big.jsonl": 52_428_800, "data/huge.bin": 200 * 2**20, "third_party": "gitlink " + "5" * 40}
        },
        truncated={NAME},
        releases={
            NAME: [
                gh_release(NAME, "v3", prerelease=True),
                gh_release(NAME, "v2", immutable=True),
                gh_release(NAME, "v1"),
            ]
        },
        code={"made-user/bench": {"src/eval.py": CODE, "notes.md": "load_dataset is a function"}},
    )


def ask(server: ApiServer, path: str, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask_plainly(server, path, headers=AGENT | named)


def search(server: ApiServer, words: str, rest: str = "") -> dict[str, Any]:
    return ask(server, f"/search/repositories?q={quote_plus(words)}{rest}")


def names(answer: dict[str, Any]) -> list[str]:
    return [item["full_name"] for item in answer["body"]["items"]]


FILES = (
    "gh-licence-contents-trees-releases gh-rate-limits gh-repo-states gh-search-code-load-dataset "
    "gh-search-repositories"
)
AS_FAULTS = {
    ("gh-rate-limits.json", 1): "github_primary_403",
    ("gh-rate-limits.json", 2): "github_primary_429",
    ("gh-rate-limits.json", 3): "github_secondary_403_retry_after",
    ("gh-rate-limits.json", 4): "github_secondary_429",
    ("gh-rate-limits.json", 5): "github_no_agent",
    ("gh-repo-states.json", 9): "html_502",
}
NOT_ASKED = {*AS_FAULTS, ("gh-rate-limits.json", 0), ("gh-repo-states.json", 1)}
"""Those that are faults, the limit of those who say not who they are, and a validator: see their tests."""


@pytest.mark.parametrize("name", FILES.split())
def test_answers_have_the_shape_of_those_written_down(server: ApiServer, shared: Path, name: str) -> None:
    file, compared = f"{name}.json", 0
    for place, pair in enumerate(interactions(shared / "apis/samples/made" / file)):
        if (file, place) in NOT_ASKED:
            continue
        asked, wanted = pair["request"], pair["response"]
        server.tokens = set() if "Bad credentials" in str(wanted["body"]) else {"ghp_EXAMPLE"}
        headers = AGENT | asked["headers"]
        if wanted["status"] == 422 and "/search/code" in asked["url"]:
            headers |= ME  # only those who say who they are get so far
        found = differences(wanted, ask_plainly(server, asked["url"], headers=headers))
        assert [one for one in found if not one.endswith("topics is empty")] == [], asked["url"]
        compared += 1
    assert compared


@pytest.mark.parametrize(("file", "place"), AS_FAULTS)
def test_faults_have_the_shape_of_those_written_down(shared: Path, file: str, place: int) -> None:
    wanted = interactions(shared / "apis/samples/made" / file)[place]["response"]
    fault = FAULTS[AS_FAULTS[file, place]]
    assert isinstance(fault, Reply)
    found = [one for one in differences(wanted, as_interaction(fault)) if not one.startswith("body.documentation_url")]
    assert found == []


def test_who_does_not_say_who_asks_is_refused_in_plain_text(server: ApiServer) -> None:
    answer = ask_plainly(server, f"/repos/{NAME}")
    assert (answer["status"], answer["headers"]["Content-Type"]) == (403, "text/plain; charset=utf-8")


def test_the_limit_of_the_contract_is_told_by_a_403_with_the_second_it_ends(server: ApiServer) -> None:
    server.limits = Limits.of_contract()
    for _ in range(60):
        assert ask(server, f"/repos/{NAME}")["status"] == 200
    answer = ask(server, f"/repos/{NAME}")
    assert (answer["status"], answer["headers"]["X-RateLimit-Remaining"]) == (403, "0")
    assert 3_500 < int(answer["headers"]["X-RateLimit-Reset"]) - time.time() <= 3_601
    assert "API rate limit exceeded" in answer["body"]["message"]


def test_each_limit_is_counted_apart_and_told_for_nothing(server: ApiServer) -> None:
    server.tokens = {"ghp_EXAMPLE"}
    server.limits = Limits.of_contract(token=True)
    ask_plainly(server, f"/repos/{NAME}", headers=ME)
    ask_plainly(server, "/search/repositories?q=medical", headers=ME)
    ask_plainly(server, "/search/code?q=load_dataset", headers=ME)
    ask_plainly(server, "/search/code?q=load_dataset", headers=ME)
    for version, top in (("2022-11-28", True), ("2026-03-10", False)):
        told = ask(server, "/rate_limit", X_GitHub_Api_Version=version)["body"]
        left = {name: told["resources"][name]["remaining"] for name in ("core", "search", "code_search")}
        assert left == {"core": 4_999, "search": 29, "code_search": 8}
        assert ("rate" in told) == top


@pytest.mark.parametrize(("headers", "left"), [(AGENT, 4_998), (ME, 4_999)])
def test_what_has_not_changed_costs_only_those_who_do_not_say_who_they_are(
    server: ApiServer, headers: dict[str, str], left: int
) -> None:
    server.tokens = {"ghp_EXAMPLE"}
    first = ask_plainly(server, f"/repos/{NAME}", headers=headers)
    tag = first["headers"]["ETag"]
    assert tag.startswith('W/"')
    again = ask_plainly(server, f"/repos/{NAME}", headers=headers | {"If-None-Match": tag})
    assert (again["status"], again["body"]) == (304, None)
    assert again["headers"]["X-RateLimit-Remaining"] == str(left)
    server.world.repositories[0]["license"]["key"] = "other"
    assert ask_plainly(server, f"/repos/{NAME}", headers=headers | {"If-None-Match": tag})["status"] == 200


@pytest.mark.parametrize("below", ["", "/license", "/releases?per_page=1", "/git/trees/main?recursive=1"])
def test_an_old_name_leads_to_the_number_which_answers_the_same(server: ApiServer, below: str) -> None:
    moved = ask(server, f"/repos/made-old/med-exam-qa{below}")
    there = f"{server.address}/repositories/900000001{below}"
    assert (moved["status"], moved["headers"]["Location"], moved["body"]["url"]) == (301, there, there)
    assert ask(server, there)["body"] == ask(server, f"/repos/{NAME}{below}")["body"]


def test_a_licence_is_told_with_its_file_and_what_is_none_is_404(server: ApiServer) -> None:
    known = ask(server, f"/repos/{NAME}/license")["body"]
    assert known["license"]["spdx_id"] == "MIT"
    assert base64.b64decode(known["content"]).startswith(b"MIT License")
    odd = ask(server, "/repos/made-lab/notes")["body"]["license"]
    assert (odd["key"], odd["spdx_id"], odd["url"]) == ("other", "NOASSERTION", None)
    assert ask(server, "/repos/made-user/med-exam-qa/license")["status"] == 404


def test_a_readme_is_sent_in_base64_or_as_it_is(server: ApiServer) -> None:
    text = server.world.readmes[NAME]
    assert base64.b64decode(ask(server, f"/repos/{NAME}/readme")["body"]["content"]).decode() == text
    assert ask(server, f"/repos/{NAME}/readme", Accept="application/vnd.github.raw+json")["body"] == text
    assert ask(server, "/repos/made-lab/notes/readme")["status"] == 404


def test_a_submodule_is_called_so_only_by_the_new_version(server: ApiServer) -> None:
    kinds = [
        {
            entry["path"]: entry["type"]
            for entry in ask(server, f"/repos/{NAME}/contents/", X_GitHub_Api_Version=v)["body"]
        }
        for v in ("2022-11-28", "2026-03-10")
    ]
    assert [kind["third_party"] for kind in kinds] == ["file", "submodule"]
    assert kinds[0] | {"third_party": ""} == {"LICENSE": "file", "README.md": "file", "data": "dir", "third_party": ""}


def test_a_tree_may_be_cut_off_and_any_word_asks_for_all_its_levels(server: ApiServer) -> None:
    cut = ask(server, f"/repos/{NAME}/git/trees/main?recursive=0")["body"]
    assert cut["truncated"] is True
    server.world.truncated.clear()
    whole = ask(server, f"/repos/{NAME}/git/trees/main?recursive=0")["body"]
    assert len(whole["tree"]) > len(cut["tree"])
    assert {"data/big.jsonl", "README.md", "data"} <= {entry["path"] for entry in whole["tree"]}
    assert all("/" not in entry["path"] for entry in ask(server, f"/repos/{NAME}/git/trees/main")["body"]["tree"])


def test_releases_are_paged_by_number_and_the_latest_is_no_prerelease(server: ApiServer) -> None:
    found, url = [], f"/repos/{NAME}/releases?per_page=2"
    while url:
        answer = ask(server, url)
        found += [(one["tag_name"], one["immutable"], one["assets"][0]["digest"][:7]) for one in answer["body"]]
        link = answer["headers"].get("Link", "")
        url = link.partition(">")[0][1:] if 'rel="next"' in link else ""
        assert not url or "/repositories/900000001/releases?" in url
    assert found == [("v3", False, "sha256:"), ("v2", True, "sha256:"), ("v1", False, "sha256:")]
    assert ask(server, f"/repos/{NAME}/releases/latest")["body"]["tag_name"] == "v2"
    assert ask(server, f"/repos/{NAME}/releases/tags/v1")["body"]["tag_name"] == "v1"
    assert ask(server, "/repos/made-lab/notes/releases/latest")["status"] == 404


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("medical question", {NAME, "made-lab/notes", "made-user/med-exam-qa"}),
        ('"question medical"', set()),
        ('"medical question"', {NAME, "made-lab/notes", "made-user/med-exam-qa"}),
        ("topic:medical license:mit", {NAME}),
        ("topic:medical license:other", {"made-lab/notes"}),
        ("topic:medical -license:mit archived:false", {"made-user/med-exam-qa"}),
        ("medical archived:true", {"made-lab/notes"}),
        ('topic:qa language:"jupyter notebook"', {"made-user/med-exam-qa"}),
        ("topic:medical stars:>17", {NAME}),
        ("topic:medical stars:10..17", {"made-lab/notes", "made-user/med-exam-qa"}),
        ("topic:medical created:2024-01-01..2024-06-30", {NAME}),
        ("topic:medical created:2024-03-01", {NAME}),
        ("topic:medical created:2024-03-01T00:00:00Z..2024-03-01T04:00:00Z", set()),
        ("topic:medical pushed:*..2020-01-01", {"made-lab/notes"}),
        ("topic:medical pushed:>=2026-11-01", set()),
        ("topic:medical pushed:<2026-10-30", {"made-lab/notes"}),
        ("topic:medical user:made-user", {"made-user/med-exam-qa"}),
        ("topic:medical user:made-user org:made-org", {"made-user/med-exam-qa", NAME}),
        ("topic:medical user:made-user fork:true", {"made-user/med-exam-qa", "made-user/fork"}),
        ("topic:medical fork:only", {"made-user/fork"}),
        (f"repo:{NAME}", {NAME}),
        ("size:0", {"made-org/empty"}),
        ("topic:medical is:public size:>100", {NAME, "made-lab/notes", "made-user/med-exam-qa"}),
        ('"made-org/med-exam-qa" in:readme', {NAME}),
        ("exam in:name", {NAME, "made-user/med-exam-qa"}),
        ("bench OR empty", {"made-user/bench", "made-org/empty"}),
        ("medical NOT exam", {"made-lab/notes"}),
    ],
)
def test_repositories_are_searched_by_words_and_qualifiers(server: ApiServer, words: str, found: set[str]) -> None:
    answer = search(server, words)
    assert {*names(answer)} == found
    assert answer["body"]["total_count"] == len(found)


def test_a_search_sees_what_changed_since_the_last_one(server: ApiServer) -> None:
    assert names(search(server, "anaesthesia in:readme")) == []
    server.world.readmes["made-lab/notes"] = "On anaesthesia."
    assert names(search(server, "anaesthesia in:readme")) == ["made-lab/notes"]
    server.world.repositories[1]["topics"].append("surgery")
    assert names(search(server, "topic:surgery")) == ["made-lab/notes"]


@pytest.mark.parametrize(("order", "stars"), [("desc", [40, 17, 17]), ("asc", [17, 17, 40])])
def test_a_search_is_sorted(server: ApiServer, order: str, stars: list[int]) -> None:
    found = search(server, "topic:medical", f"&sort=stars&order={order}")["body"]["items"]
    assert [item["stargazers_count"] for item in found] == stars


def test_a_thousand_results_are_told_and_all_are_counted(server: ApiServer) -> None:
    server.world.repositories = [
        gh_repository(f"a/medical-{n}", created_at=f"20{10 + n % 14}-01-01T00:00:00Z") for n in range(1_400)
    ]
    last = search(server, "medical", "&per_page=100&page=10")
    assert (last["body"]["total_count"], len(last["body"]["items"])) == (1_400, 100)
    assert 'rel="next"' not in last["headers"]["Link"]
    assert search(server, "medical", "&per_page=100&page=11")["status"] == 422
    assert search(server, "medical created:2010-01-01..2016-12-31")["body"]["total_count"] == 700


@pytest.mark.parametrize(
    "words", ["x" * 257, "", "repo:made-org/none", "user:nobody", "a AND b AND c AND d AND e AND f AND g"]
)
def test_a_search_that_cannot_be_made_is_422(server: ApiServer, words: str) -> None:
    assert search(server, words)["status"] == 422


def test_qualifiers_do_not_make_a_search_too_long(server: ApiServer) -> None:
    assert search(server, "x" * 250 + " topic:medical" + " created:2024-01-01..2024-06-30")["status"] == 200


def code(server: ApiServer, words: str, accept: str = "application/vnd.github+json") -> dict[str, Any]:
    server.tokens = {"ghp_EXAMPLE"}
    return ask_plainly(server, f"/search/code?q={quote(words, safe='')}", headers=ME | {"Accept": accept})


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ('"load_dataset(\\"made-org/med-exam-qa\\")"', ["src/eval.py"]),
        ("\"load_dataset('made-org/med-exam-qa')\" language:python", ["src/eval.py"]),
        ("load_dataset", ["notes.md", "src/eval.py"]),
        ("load_dataset extension:md", ["notes.md"]),
        ("load_dataset -path:src", ["notes.md"]),
        ('"made-org/med-exam" repo:made-user/bench', ["src/eval.py"]),
        ("load", []),
    ],
)
def test_code_is_searched_by_words_in_their_order(server: ApiServer, words: str, paths: list[str]) -> None:
    assert [item["path"] for item in code(server, words)["body"]["items"]] == paths


def test_where_code_was_found_is_told_to_those_who_ask_for_it(server: ApiServer) -> None:
    (plain,) = code(server, "load_dataset split")["body"]["items"]
    assert "text_matches" not in plain
    assert not {"license", "stargazers_count", "created_at"} & {*plain["repository"]}
    (item,) = code(server, "load_dataset split", "application/vnd.github.text-match+json")["body"]["items"]
    (match,) = item["text_matches"]
    for spot in match["matches"]:
        begin, end = spot["indices"]
        assert match["fragment"][begin:end] == spot["text"]


def test_more_code_may_be_counted_than_is_told(server: ApiServer) -> None:
    server.world.unserved.add("made-user/bench")
    found = code(server, "load_dataset")["body"]
    assert (found["total_count"], found["items"]) == (2, [])
