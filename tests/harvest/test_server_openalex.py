"""The local OpenAlex against the contract of 2026, against answers written down, and by the questions of pyalex."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from pyalex import Works

from tests.support.api_bodies_other import inverted
from tests.support.api_faults import FAULTS
from tests.support.api_reply import Reply
from tests.support.api_server import ApiServer, Limits
from tests.support.api_shapes import as_interaction, ask, differences, interactions
from tests.support.api_world import World, oa_work

TITLE = "A made medical question answering dataset"


@pytest.fixture
def world() -> World:
    """What the written-down answers speak of."""
    abstract = inverted("We present a medical question answering set, made by example.")
    preprint = oa_work("W9000000001", TITLE, "W9000000010", doi="10.48550/arxiv.2009.00000", arxiv="2009.00000",
                       type="preprint", publication_date="2020-05-01", publication_year=2020, cited_by_count=12,
                       abstract_inverted_index=abstract)  # fmt: skip
    article = oa_work("W9000000002", TITLE, "W9000000010", doi="10.0000/mjmd.2021.1", publication_date="2021-05-01",
                      publication_year=2021, cited_by_count=31)  # fmt: skip
    article["ids"]["pmid"] = "https://pubmed.ncbi.nlm.nih.gov/12345"
    record = oa_work("W9000000003", "Made chest X-ray notes (v1.2)", doi="10.5281/zenodo.0000001", type="dataset",
                     is_xpac=True)  # fmt: skip
    citing = [
        oa_work(f"W900000010{n}", f"Made citing work {n}", "W9000000002", *(["W9000000001"] if n == 1 else []),
                doi=f"10.0000/c.{n}", type="preprint" if n == 3 else "article", is_retracted=n == 5)
        for n in range(1, 6)
    ]  # fmt: skip
    return World(works=[preprint, article, record, *citing])


def works(server: ApiServer, query: str) -> list[str]:
    """The last digits of the works that a question finds."""
    answer = ask(server, f"/works?{query}")
    assert answer["status"] == 200, answer["body"]
    return [work["id"][-3:] for work in answer["body"]["results"]]


NOT_ASKED = {
    ("oa-cites-cursor.json", 1), ("oa-cites-cursor.json", 2), ("oa-cites-cursor.json", 3), ("oa-errors.json", 5),
    ("oa-errors.json", 6),
}  # fmt: skip
"""Their cursors are made up, their addresses cut short: see the tests of pages and of what is too long."""
AS_FAULTS = {
    9: "openalex_day_spent",
    10: "openalex_too_little_left",
    11: "openalex_per_second",
    12: "openalex_broad_boolean",
    13: "openalex_anonymous_search",
    14: "openalex_503",
    15: "openalex_504",
    16: "openalex_content_401",
    17: "openalex_changefiles_403",
}
FILES = "oa-cites-cursor oa-dataset-type-xpac oa-errors oa-rate-limit oa-work-lookup".split()


@pytest.mark.parametrize("name", FILES)
def test_answers_have_the_shape_of_those_written_down(server: ApiServer, shared: Path, name: str) -> None:
    file, compared = f"{name}.json", 0
    server.tokens = {"EXAMPLE"}
    for place, pair in enumerate(interactions(shared / "apis/samples/made" / file)):
        if (file, place) in NOT_ASKED or (name == "oa-errors" and place in AS_FAULTS):
            continue
        asked = pair["request"]
        found = differences(pair["response"], ask(server, asked["url"], headers=asked["headers"]))
        assert found == [], asked["url"]
        compared += 1
    assert compared


@pytest.mark.parametrize("place", [8, *AS_FAULTS])
def test_faults_have_the_shape_of_those_written_down(shared: Path, place: int) -> None:
    wanted = interactions(shared / "apis/samples/made/oa-errors.json")[place]["response"]
    fault = FAULTS[AS_FAULTS.get(place, "openalex_plan_upgrade")]
    assert isinstance(fault, Reply)
    assert differences(wanted, as_interaction(fault)) == []


@pytest.mark.parametrize(
    ("path", "credits_"),
    [
        ("/works/W9000000001", 0),
        ("/works/doi:10.0000/mjmd.2021.1", 0),
        ("/works/pmid:12345", 0),
        ("/works/doi%3A10.0000%2Fmjmd.2021.1", 1),
        ("/works/https://doi.org/10.0000/mjmd.2021.1", 1),
        ("/works?filter=cites:W9000000002&per-page=200", 1),
        ("/works?group_by=type", 1),
        ("/works?search=medical", 10),
        ("/works?filter=title.search:medical", 10),
        ("/works?filter=type:article,title-and-abstract.search:medical", 10),
        ("/works?filter=default.search:medical", 10),
    ],
)
def test_the_price_is_told_by_the_kind_of_call_and_its_spelling(server: ApiServer, path: str, credits_: int) -> None:
    answer = ask(server, path)
    assert (answer["status"], answer["headers"]["X-RateLimit-Credits-Used"]) == (200, str(credits_))
    assert float(answer["headers"]["X-RateLimit-Cost-USD"]) == pytest.approx(credits_ / 10_000)
    assert answer["headers"]["X-RateLimit-Remaining"] == str(10_000 - credits_)
    if "meta" in answer["body"]:
        assert answer["body"]["meta"]["cost_usd"] == pytest.approx(credits_ / 10_000)


def test_a_spent_day_is_told_with_the_seconds_until_midnight_and_single_works_stay_free(server: ApiServer) -> None:
    server.limits.openalex = 12
    assert ask(server, "/works?search=medical")["status"] == 200
    refused = ask(server, "/works?search=medical")
    assert (refused["status"], refused["headers"]["Retry-After"]) == (429, "48806")
    assert refused["body"]["message"].startswith(
        "Insufficient budget. This request costs $0.001 but you only have $0.0002"
    )
    assert [ask(server, "/works?filter=type:article")["status"] for _ in range(3)] == [200, 200, 429]
    assert ask(server, "/works/W9000000001")["status"] == 200


def test_without_a_knob_the_day_ends_with_the_clock(server: ApiServer) -> None:
    server.limits = Limits.of_contract()
    answer = ask(server, "/works?filter=type:article")
    assert answer["headers"]["X-RateLimit-Limit"] == "1000"
    assert 0 < int(answer["headers"]["X-RateLimit-Reset"]) <= 86_400


@pytest.mark.parametrize("key", ["?api_key=K", "?api-key=K", "header", "api_key", "api-key"])
def test_a_key_is_taken_from_all_its_places_and_a_wrong_one_refused(server: ApiServer, key: str) -> None:
    path = f"/works/W9000000001{key}" if key.startswith("?") else "/works/W9000000001"
    headers = {} if key.startswith("?") else {"Authorization": "Bearer K"} if key == "header" else {key: "K"}
    assert ask(server, path, headers=headers)["status"] == 401
    server.tokens = {"K"}
    assert ask(server, path, headers=headers)["status"] == 200


@pytest.mark.parametrize(
    ("path", "status", "reject"),
    [
        ("/works?filter=type:article&limit=5", 400, "f1:limit_param"),
        ("/works?filter=title.search:heart%2C%20lung", 400, "f1:raw_comma_filter"),
        (f"/works?search={'x' * 1_501}", 400, "search_volume"),
        (f"/works?filter=doi:{'x' * 8_200}", 400, None),
        ("/works?filter=from_updated_date:2026-11-01", 429, None),
        ("/works?sort=updated_date:desc", 429, None),
    ],
)
def test_what_the_edge_refuses_costs_nothing(server: ApiServer, path: str, status: int, reject: str | None) -> None:
    answer = ask(server, path)
    assert (answer["status"], answer["headers"].get("x-openalex-edge-reject")) == (status, reject)
    assert "Retry-After" not in answer["headers"]
    assert "X-RateLimit-Remaining" not in answer["headers"]
    assert server.limits.used["openalex"] == 0


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("filter=citess:W1", "Invalid query parameters error."),
        ("filter=is_retracted:maybe", "Invalid query parameters error."),
        ("filter=from_publication_date:soon", "Invalid query parameters error."),
        (f"filter=doi:{'|'.join(map(str, range(101)))}", "Invalid query parameters error."),
        ("select=ids.doi", "Invalid query parameters error."),
        ("select=id&group_by=type", "Invalid query parameters error."),
        ("colour=red", "Invalid query parameters error."),
        ("sort=beauty", "Invalid query parameters error."),
        ("sort=relevance_score:desc", "Invalid query parameters error."),
        ("per-page=201", "Invalid query parameters error."),
        ("per-page=0", "Invalid query parameters error."),
        ("page=101&per-page=100", "Pagination error."),
        ("cursor=nonsense", "Pagination error."),
        ("cursor=*&page=2", "Pagination error."),
    ],
)
def test_what_is_misspelt_is_400_and_paid_for(server: ApiServer, query: str, error: str) -> None:
    answer = ask(server, f"/works?{query}")
    assert (answer["status"], answer["body"]["error"]) == (400, error)
    assert server.limits.used["openalex"] == 1


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("doi:10.0000/MJMD.2021.1", {"002"}),
        ("doi:https://doi.org/10.0000/mjmd.2021.1|10.48550/arxiv.2009.00000", {"001", "002"}),
        ("openalex_id:W9000000001|w9000000002", {"001", "002"}),
        ("openalex:https://openalex.org/W9000000001", {"001"}),
        ("ids.pmid:12345", {"002"}),
        ("cites:W9000000001", {"101"}),
        ("cites:W9000000001|W9000000002", {"101", "102", "103", "104", "105"}),
        ("cites:W9000000002,is_retracted:true", {"105"}),
        ("cites:W9000000002,type:!article", {"103"}),
        ("cites:W9000000002,doi:!10.0000/c.1|10.0000/c.2", {"103", "104", "105"}),
        ("cited_by:W9000000101", {"001", "002"}),
        ("cites:W9999999999", set()),
        ("locations.landing_page_url:https://arxiv.org/abs/2009.00000", {"001"}),
        ("primary_location.source.id:S1,publication_year:2020-2021", {"001", "002"}),
        ("from_publication_date:2020-06-01,to_publication_date:2021-12-31", {"002"}),
        ("from-publication-date:2020-06-01,cited_by_count:>30", {"002"}),
        ("has_doi:false", set()),
        ("title.search:medical dataset", {"001", "002"}),
        ('title.search:"dataset medical"', set()),
        ('title.search:"made medical question"', {"001", "002"}),
        ('title.search:"work 1, or none"|"citing work 2"', {"102"}),
        ("title_and_abstract.search:example", {"001"}),
        ("title.search:!made", set()),
        ("default.search:(example OR citing) NOT dataset", {"101", "102", "103", "104", "105"}),
        ("type:dataset", set()),
        ("is_xpac:true", set()),
    ],
)
def test_works_are_filtered(server: ApiServer, filter_: str, found: set[str]) -> None:
    assert {*works(server, f"filter={quote(filter_, safe=':/')}&per-page=100")} == found


def test_works_of_the_great_addition_are_left_out_until_they_are_asked_for(server: ApiServer) -> None:
    assert works(server, "filter=type:dataset&include_xpac=true") == ["003"]
    assert "003" in works(server, "search=made&include_xpac=true")
    assert "003" not in works(server, "search=made")


def test_cursors_end_with_a_short_page(server: ApiServer) -> None:
    cursor, pages = "*", []
    while cursor:
        body = ask(server, f"/works?filter=cites:W9000000002&per-page=2&select=id&cursor={quote(cursor)}")["body"]
        pages.append(len(body["results"]))
        cursor = body["meta"]["next_cursor"]
        assert (body["meta"]["count"], body["meta"]["page"]) == (5, None)
    assert pages == [2, 2, 1]


def test_an_exact_multiple_brings_one_empty_page_more(server: ApiServer) -> None:
    first = ask(server, "/works?filter=cites:W9000000002&per-page=5&cursor=*")["body"]
    second = ask(server, f"/works?filter=cites:W9000000002&per-page=5&cursor={quote(first['meta']['next_cursor'])}")[
        "body"
    ]
    assert (len(first["results"]), second["results"], second["meta"]["next_cursor"]) == (5, [], None)


def test_a_cursor_of_another_question_is_refused(server: ApiServer) -> None:
    cursor = ask(server, "/works?filter=cites:W9000000002&per-page=2&cursor=*")["body"]["meta"]["next_cursor"]
    assert ask(server, f"/works?filter=cites:W9000000001&per-page=2&cursor={quote(cursor)}")["status"] == 400


def test_pages_by_number_have_no_cursor(server: ApiServer) -> None:
    body = ask(server, "/works?filter=cites:W9000000002&per-page=3&page=2")["body"]
    assert (len(body["results"]), body["meta"]["page"], "next_cursor" in body["meta"]) == (2, 2, False)


def test_works_are_sorted_as_asked_or_those_cited_most_first(server: ApiServer) -> None:
    assert works(server, "")[:2] == ["002", "001"]
    assert works(server, "sort=publication_date")[:2] == ["001", "002"]
    assert works(server, "sort=cited_by_count,display_name:desc")[0] == "105"


def test_works_are_counted_in_groups(server: ApiServer) -> None:
    body = ask(server, "/works?group_by=type")["body"]
    assert (body["results"], body["meta"]["groups_count"]) == ([], 2)
    assert {group["key"]: group["count"] for group in body["group_by"]} == {"article": 5, "preprint": 2}


def test_a_sample_is_the_same_for_the_same_seed(server: ApiServer) -> None:
    assert works(server, "sample=3&seed=1") == works(server, "sample=3&seed=1")
    assert len(works(server, "sample=3&seed=2")) == 3


def test_a_small_letter_leads_to_the_work_and_what_is_not_there_is_a_web_page(server: ApiServer) -> None:
    moved = ask(server, "/works/w9000000001")
    assert (moved["status"], moved["headers"]["Location"]) == (302, "/works/W9000000001")
    for path in ("/works/W9000000099", "/works/doi:10.1/none", "/works/arxiv:2009.00000"):
        gone = ask(server, path)
        assert (gone["status"], gone["headers"]["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "<h1>Not Found</h1>" in gone["body"]


def test_many_authors_are_cut_off_in_lists_alone(server: ApiServer) -> None:
    server.world.works[0]["authorships"] = [{"raw_author_name": f"Author {n}"} for n in range(140)]
    listed = ask(server, "/works?filter=openalex:W9000000001")["body"]["results"][0]
    assert (len(listed["authorships"]), listed["is_authors_truncated"]) == (100, True)
    alone = ask(server, "/works/W9000000001")["body"]
    assert len(alone["authorships"]) == 140
    assert "is_authors_truncated" not in alone


def test_how_much_is_left_is_told_to_those_with_a_key(server: ApiServer) -> None:
    server.tokens = {"abcdefxyz"}
    ask(server, "/works?search=medical")
    told = ask(server, "/rate-limit", headers={"Authorization": "Bearer abcdefxyz"})["body"]
    assert (told["api_key"], told["rate_limit"]["credits_used"]) == ("abc...xyz", 10)


def test_asking_for_the_head_alone_costs_the_same(server: ApiServer) -> None:
    assert ask(server, "/works?search=medical", "HEAD")["body"] is None
    assert server.limits.used["openalex"] == 10


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (Works().filter_or(openalex_id=["W9000000001", "W9000000002"]), ["002", "001"]),
        (Works().filter(cites="W9000000001"), ["101"]),
        (Works().filter(type="!article", is_retracted=False), ["001", "103"]),
        (Works().search_filter(title="citing work 2"), ["102"]),
        (Works().filter_or(doi=["10.0000/c.1", "10.0000/c.2"]).sort(title="asc"), ["101", "102"]),
    ],
)
def test_questions_as_its_client_writes_them_are_understood(
    server: ApiServer, question: Works, found: list[str]
) -> None:
    assert works(server, urlsplit(question.url).query) == found
