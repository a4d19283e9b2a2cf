"""The local Hugging Face against the contract of 2026, against answers written down, and with its own client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from tests.support.api_faults import FAULTS
from tests.support.api_reply import Reply, blob_id
from tests.support.api_server import ApiServer
from tests.support.api_shapes import as_interaction, ask, differences, interactions
from tests.support.api_world import World, hf_dataset, hf_file, hf_model, hf_paper, hf_space

EXAM = [
    hf_file(".gitattributes", 2_307),
    hf_file("README.md", 3_121),
    hf_file("data/train-00000-of-00001.parquet", 4_811_332, "train"),
    hf_file("data/test-00000-of-00001.parquet", 588_120, "test"),
]
SHA = "e1d2d0df00d1ad1de4367da3de28975ae248a6a9"
WORDS = "---\nlicense: mit\n---\n# Exam\n\nQuestions.\n"


@pytest.fixture(autouse=True)
def limit_of_the_contract(server: ApiServer) -> None:
    """Requests that the Hub allows nobody in particular in five minutes."""
    server.limits.hub = 500


@pytest.fixture
def world() -> World:
    """What the written-down answers speak of."""
    exam = hf_dataset(
        "made-org/med-exam-qa",
        "task_categories:question-answering",
        "format:parquet",
        "arxiv:2009.13081",
        sha=SHA,
        siblings=EXAM,
        lastModified="2026-11-20T09:12:44.000Z",
    )
    notes = [hf_file("README.md", 3), hf_file("notes.csv.gz", 10**9, "notes")]
    models = [
        hf_model("made-lab/med-llm-7b", "dataset:made-org/med-exam-qa"),
        hf_model("made-user/old-tuned", "dataset:made-old/med-exam-qa"),
        hf_model("made-user/other-model", "arxiv:2009.13081"),
    ]
    return World(
        datasets=[
            exam,
            hf_dataset("made-lab/chest-xray-notes", "medical", gated="manual", siblings=notes),
            hf_dataset("made-user/Med-Exam-QA", "medical", downloads=5, likes=0),
            hf_dataset("made-org/abstract-yesno-qa", gated="auto", likes=200),
            hf_dataset("made-org/taken-down", disabled=True),
            hf_dataset("made-org/secret", private=True),
        ],
        models=models,
        spaces=[hf_space("made-lab/demo", "made-org/med-exam-qa", models=("made-lab/med-llm-7b",))],
        papers=[hf_paper("2009.13081", "A made paper about exams", datasets=(exam,), models=tuple(models[2:]))],
        cards={"made-org/med-exam-qa": WORDS},
        renamed={"made-old/med-exam-qa": "made-org/med-exam-qa", "med_exam": "made-org/med-exam-qa"},
    )


@pytest.fixture
def hub(server: ApiServer) -> HfApi:
    """The client that everybody uses."""
    return HfApi(endpoint=server.address, token=False)


ALLOWED = {
    "hf-dataset-gated.json": {"body.citation", "body.downloadsAllTime", "body.spaces", "body.usedStorage"},
    "hf-datasets-list-two-pages.json": {"body[].cardData", "body[].citation", "body[].siblings"},
    "hf-errors.json": {"body.citation", "body.description", "body.downloadsAllTime", "body.spaces",
                       "body.trendingScore", "body.usedStorage"},
    "hf-refs.json": {"body.tags", "body.pullRequests"},
    "hf-tree-two-pages.json": {"no header link", "body[].lfs", "body[].xetHash"},
}  # fmt: skip
"""What differs though both are true: written-down bodies were cut, and repositories here have neither tags nor PRs."""
INSTEAD = {"search=medical&sort": "search=made&sort"}
NOT_ASKED = {
    ("hf-datasets-list-two-pages.json", 1): "its cursor is made up: see the test of pages",
    ("hf-errors.json", 5): "hub_429",
    ("hf-errors.json", 6): "hub_429_cloudfront",
    ("hf-errors.json", 7): "hub_502",
    ("hf-redirect-renamed.json", 3): "the dataset viewer is another host",
    ("hf-resolve.json", 2): "its ETag is made up: see the test of READMEs",
    ("hf-tree-two-pages.json", 1): "its cursor is made up: see the test of trees",
}
FILES = (
    "hf-dataset-gated hf-dataset-info-open hf-datasets-list-empty hf-datasets-list-expand hf-datasets-list-two-pages "
    "hf-errors hf-models-using-dataset hf-paper hf-redirect-renamed hf-refs hf-resolve hf-tree-two-pages"
).split()


@pytest.mark.parametrize("name", FILES)
def test_answers_have_the_shape_of_those_written_down(server: ApiServer, shared: Path, name: str) -> None:
    file, compared = f"{name}.json", 0
    for place, pair in enumerate(interactions(shared / "apis/samples/made" / file)):
        if (file, place) in NOT_ASKED:
            continue
        asked = pair["request"]
        server.tokens = {"hf_EXAMPLE"}
        url = asked["url"]
        for old, new in INSTEAD.items():
            url = url.replace(old, new)
        found = differences(pair["response"], ask(server, url, asked["method"], asked["headers"]))
        assert [one for one in found if not one.startswith(tuple(ALLOWED.get(file, ())))] == [], url
        compared += 1
    assert compared


@pytest.mark.parametrize(("place", "name"), [(5, "hub_429"), (6, "hub_429_cloudfront"), (7, "hub_502")])
def test_faults_have_the_shape_of_those_written_down(shared: Path, place: int, name: str) -> None:
    wanted = interactions(shared / "apis/samples/made/hf-errors.json")[place]["response"]
    fault = FAULTS[name]
    assert isinstance(fault, Reply)
    assert differences(wanted, as_interaction(fault)) == []


def test_lists_are_paged_by_absolute_links_until_there_is_none(server: ApiServer) -> None:
    url, names = "/api/datasets?search=made&sort=lastModified&limit=2&full=true", []
    while url:
        answer = ask(server, url)
        names.append([item["id"] for item in answer["body"]])
        url = answer["headers"].get("Link", "").partition(">")[0].removeprefix("<")
        assert not url or url.startswith(
            f"{server.address}/api/datasets?search=made&sort=lastModified&limit=2&full=true&"
        )
    assert [len(page) for page in names] == [2, 2, 1]
    assert names[0][0] == "made-org/med-exam-qa"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("filter=medical", {"made-lab/chest-xray-notes", "made-user/Med-Exam-QA"}),
        ("filter=medical&filter=license:mit&author=made-lab", {"made-lab/chest-xray-notes"}),
        ("filter=arxiv:2009.13081", {"made-org/med-exam-qa"}),
        ("search=MED-exam", {"made-org/med-exam-qa", "made-user/Med-Exam-QA"}),
        ("search=exam&search=user", {"made-user/Med-Exam-QA"}),
        ("gated=true", {"made-lab/chest-xray-notes", "made-org/abstract-yesno-qa"}),
        ("gated=false&author=made-org", {"made-org/med-exam-qa", "made-org/taken-down"}),
        ("author=made", set()),
    ],
)
def test_lists_are_filtered(server: ApiServer, query: str, names: set[str]) -> None:
    assert {item["id"] for item in ask(server, f"/api/datasets?{query}")["body"]} == names


@pytest.mark.parametrize(
    ("sort", "first"), [("likes", "made-org/abstract-yesno-qa"), ("lastModified", "made-org/med-exam-qa")]
)
def test_lists_are_sorted_downwards(server: ApiServer, sort: str, first: str) -> None:
    assert ask(server, f"/api/datasets?sort={sort}")["body"][0]["id"] == first


def test_with_expand_only_the_named_properties_that_are_set_come_back(server: ApiServer) -> None:
    (item,) = ask(server, "/api/datasets?filter=arxiv:2009.13081&expand=sha&expand[]=citation&expand=gated")["body"]
    assert {*item} == {"_id", "id", "sha", "gated"}
    assert ask(server, "/api/datasets/made-org/med-exam-qa?expand=nope")["status"] == 400


@pytest.mark.parametrize("old", ["made-old/med-exam-qa", "med_exam", "Made-Org/MED-exam-qa", "made-old/MED-exam-qa"])
@pytest.mark.parametrize("rest", ["", "?blobs=true", "/tree/main?recursive=true", "/revision/main"])
def test_old_names_and_other_letters_lead_on_by_a_relative_address(server: ApiServer, old: str, rest: str) -> None:
    answer = ask(server, f"/api/datasets/{old}{rest}")
    assert (answer["status"], answer["headers"]["Location"]) == (307, f"/api/datasets/made-org/med-exam-qa{rest}")


@pytest.mark.parametrize("name", ["made-org/none", "made-org/secret", "none"])
def test_missing_and_private_look_the_same(server: ApiServer, name: str) -> None:
    nobody = ask(server, f"/api/datasets/{name}")
    assert (nobody["status"], nobody["body"]["error"]) == (401, "Invalid username or password.")
    assert "X-Error-Code" not in nobody["headers"]
    server.tokens = {"hf_A"}
    somebody = ask(server, f"/api/datasets/{name}", headers={"Authorization": "Bearer hf_A"})
    assert (somebody["status"], somebody["headers"]["X-Error-Code"]) == (404, "RepoNotFound")


def test_a_token_that_may_read_it_reads_what_is_private_and_gated(server: ApiServer) -> None:
    server.tokens, server.granted = {"hf_A"}, {"hf_A"}
    me = {"Authorization": "Bearer hf_A"}
    assert ask(server, "/api/datasets/made-org/secret", headers=me)["status"] == 200
    assert ask(server, "/datasets/made-lab/chest-xray-notes/resolve/main/README.md", headers=me)["status"] == 307
    assert ask(server, "/api/datasets/made-lab/chest-xray-notes/auth-check", headers=me)["status"] == 200


def test_of_gated_ones_the_tree_is_public_and_commits_and_files_are_not(server: ApiServer) -> None:
    base = "/api/datasets/made-lab/chest-xray-notes"
    assert ask(server, base)["body"]["gated"] == "manual"
    assert ask(server, f"{base}/tree/main")["status"] == 200
    for path in (f"{base}/commits/main", "/datasets/made-lab/chest-xray-notes/resolve/main/README.md"):
        answer = ask(server, path)
        assert (answer["status"], answer["headers"]["X-Error-Code"]) == (401, "GatedRepo")


def test_of_disabled_ones_the_flag_is_told_and_files_are_refused(server: ApiServer) -> None:
    answer = ask(server, "/api/datasets/made-org/taken-down")
    assert (answer["status"], answer["body"]["disabled"]) == (200, True)
    assert ask(server, "/datasets/made-org/taken-down/resolve/main/README.md")["status"] == 403


def test_a_readme_is_found_in_the_cache_and_not_sent_twice(server: ApiServer) -> None:
    first = ask(server, "/datasets/made-org/med-exam-qa/resolve/main/README.md")
    there = first["headers"]["Location"]
    assert first["status"] == 307
    assert there.startswith(f"/api/resolve-cache/datasets/made-org/med-exam-qa/{SHA}/README.md?")
    assert first["headers"]["X-Repo-Commit"] == SHA
    second = ask(server, there)
    assert (second["status"], second["body"]) == (200, WORDS)
    assert second["headers"]["ETag"] == f'"{blob_id(WORDS)}"'
    third = ask(server, there, headers={"If-None-Match": second["headers"]["ETag"]})
    assert (third["status"], third["body"]) == (304, None)


def test_a_large_file_lies_at_another_host(server: ApiServer) -> None:
    answer = ask(server, "/datasets/made-org/med-exam-qa/resolve/main/data/train-00000-of-00001.parquet")
    assert answer["status"] == 302
    assert answer["headers"]["Location"].startswith("https://us.aws.cdn.hf.co/")
    assert answer["headers"]["X-Linked-ETag"] == f'"{EXAM[2]["lfs"]["sha256"]}"'


def test_trees_have_a_thousand_entries_a_page_and_fifty_where_more_is_told(server: ApiServer) -> None:
    server.world.datasets[0]["siblings"] = [hf_file(f"data/{n:04}.bin", 7, f"{n}") for n in range(1_200)]
    base = "/api/datasets/made-org/med-exam-qa/tree/main?recursive=true"
    first = ask(server, base)
    second = ask(server, first["headers"]["Link"].partition(">")[0][1:])
    # The folder, and the README that has a text of its own.
    assert [len(first["body"]), len(second["body"])] == [1_000, 202]
    assert "Link" not in second["headers"]
    assert len(ask(server, f"{base}&expand=true")["body"]) == 50
    assert [entry["path"] for entry in ask(server, base.partition("?")[0])["body"]] == ["data", "README.md"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/datasets/made-org/med-exam-qa/tree/main/README.md", "EntryNotFound"),
        ("/api/datasets/made-org/med-exam-qa/tree/v9", "RevisionNotFound"),
        ("/api/datasets/made-org/med-exam-qa/revision/v9", "RevisionNotFound"),
        ("/datasets/made-org/med-exam-qa/resolve/v9/README.md", "RevisionNotFound"),
        ("/datasets/made-org/med-exam-qa/resolve/main/none.csv", "EntryNotFound"),
    ],
)
def test_what_is_not_in_a_repository_is_told_by_a_code(server: ApiServer, path: str, code: str) -> None:
    answer = ask(server, path)
    assert (answer["status"], answer["headers"]["X-Error-Code"]) == (404, code)


def test_commits_are_paged_by_number_and_counted(server: ApiServer) -> None:
    first = ask(server, "/api/datasets/made-org/med-exam-qa/commits/main?limit=1")
    assert first["headers"]["X-Total-Count"] == "2"
    second = ask(server, first["headers"]["Link"].partition(">")[0][1:])
    assert [page["body"][0]["date"] for page in (first, second)] == [
        "2026-11-20T09:12:44.000Z",
        "2024-02-11T08:00:01.000Z",
    ]


@pytest.mark.parametrize(
    "path", ["/api/datasets", "/api/datasets/made-old/med-exam-qa", "/api/datasets/none/none", "/api/nope"]
)
def test_every_answer_tells_what_is_left_of_its_window(server: ApiServer, path: str) -> None:
    headers = ask(server, path)["headers"]
    assert headers["RateLimit"] == '"api";r=499;t=300'
    assert headers["RateLimit-Policy"] == '"fixed window";"api";q=500;w=300'


def test_files_are_counted_apart(server: ApiServer) -> None:
    server.limits.hub = 1
    assert [ask(server, "/api/datasets")["status"] for _ in range(2)] == [200, 429]
    headers = ask(server, "/datasets/made-org/med-exam-qa/resolve/main/README.md")["headers"]
    assert headers["RateLimit"] == '"resolvers";r=2999;t=300'
    server.limits.hub_resolvers = 1
    refused = ask(server, "/datasets/made-org/med-exam-qa/resolve/main/README.md")
    assert (refused["status"], refused["headers"]["RateLimit"]) == (429, '"resolvers";r=0;t=300')


def test_a_card_is_made_where_none_is_given(server: ApiServer) -> None:
    answer = ask(server, "/datasets/made-user/Med-Exam-QA/resolve/main/README.md")
    text = ask(server, answer["headers"]["Location"])["body"]
    front = dict(line.split(": ", 1) for line in text.split("---\n")[1].splitlines())
    assert json.loads(front["license"]) == "mit"


def test_all_that_names_a_paper_is_told_by_kind(server: ApiServer) -> None:
    found = ask(server, "/api/arxiv/2009.13081/repos")["body"]
    assert {kind: [one["id"] for one in some] for kind, some in found.items()} == {
        "datasets": ["made-org/med-exam-qa"], "models": ["made-user/other-model"], "spaces": [],
    }  # fmt: skip


def test_its_client_lists_datasets_models_and_spaces(hub: HfApi) -> None:
    assert [one.id for one in hub.list_datasets(filter="medical", sort="likes", full=True)] == [
        "made-lab/chest-xray-notes", "made-user/Med-Exam-QA",
    ]  # fmt: skip
    assert [one.id for one in hub.list_datasets(author="made-org", gated=True)] == ["made-org/abstract-yesno-qa"]
    assert [one.id for one in hub.list_models(filter="dataset:made-old/med-exam-qa")] == ["made-user/old-tuned"]
    spaces = list(hub.list_spaces(datasets="made-org/med-exam-qa", expand=["datasets", "models"]))
    assert [(one.id, one.datasets) for one in spaces] == [("made-lab/demo", ["made-org/med-exam-qa"])]
    assert list(hub.list_spaces(models="made-lab/none")) == []


def test_its_client_reads_a_dataset_by_its_old_name_with_checksums(hub: HfApi) -> None:
    info = hub.dataset_info("made-old/med-exam-qa", files_metadata=True)
    assert (info.id, info.sha) == ("made-org/med-exam-qa", SHA)
    sums = {one.rfilename: one.lfs.sha256 for one in info.siblings or [] if one.lfs}
    assert sums == {one["rfilename"]: one["lfs"]["sha256"] for one in EXAM if "lfs" in one}


def test_its_client_reads_papers(hub: HfApi) -> None:
    paper = hub.paper_info("2009.13081")
    assert paper.title == "A made paper about exams"
    assert [one.id for one in hub.list_papers(query="exams")] == ["2009.13081"]
    with pytest.raises(HfHubHTTPError, match="404"):
        hub.paper_info("0001.00000")


def test_its_client_walks_a_tree_refs_commits_and_paths(hub: HfApi) -> None:
    name = "made-org/med-exam-qa"
    tree = list(hub.list_repo_tree(name, repo_type="dataset", recursive=True, expand=True))
    assert {one.path for one in tree} == {"data", *(one["rfilename"] for one in EXAM)}
    assert [ref.name for ref in hub.list_repo_refs(name, repo_type="dataset").converts] == ["parquet", "duckdb"]
    assert len(hub.list_repo_commits(name, repo_type="dataset")) == 2
    (found,) = hub.get_paths_info(name, ["README.md", "none"], repo_type="dataset")
    assert found.path == "README.md"


def test_its_client_downloads_a_readme_once(server: ApiServer, tmp_path: Path) -> None:
    def download() -> str:
        found = hf_hub_download(
            "made-org/med-exam-qa",
            "README.md",
            repo_type="dataset",
            endpoint=server.address,
            cache_dir=tmp_path,
            token=False,
        )
        return Path(found).read_text(encoding="utf-8")

    assert download() == WORDS
    asked = len(server.asked)
    assert download() == WORDS
    assert [one.method for one in server.asked[asked:]].count("GET") == 0
