"""What comes from outside is bounded and clean before anything else sees it."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from registry.observation import LONG, MANY, SHORT, File, Observation, Touch, clean, scrub

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def an_observation(**fields: object) -> Observation:
    usual = {"provider": "huggingface", "kind": "dataset", "native_id": "a1", "locator": "a/b", "seen_at": NOON}
    return Observation(**(usual | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b", "a\x1bb", "  ab\x07"])
def test_characters_that_databases_refuse_are_dropped(bad: str) -> None:
    assert clean(bad) == "ab"


def test_line_breaks_and_other_scripts_stay() -> None:
    assert clean("眼科\n\tÄ🩺") == "眼科\n\tÄ🩺"


def test_long_texts_are_cut_and_say_so() -> None:
    assert len(clean("x" * 5_000)) == SHORT
    assert clean("x" * 5_000).endswith("…")


def test_every_text_of_an_observation_is_clean() -> None:
    seen = an_observation(
        title="a\x00title",
        url="https://x\ud800.org",
        fields={
            "descrip\x00tion": "b\x00" + "y" * 50_000,
            "tags": ["c\x00"] * 5_000,
            "deep": {"e": {"f\x00": ["g\x00"]}},
        },
        files=(File("d\x00ata.csv", 2**40),),
        touches=(Touch("trains-on", "huggingface", "a/b\x00", "says\x00", 0.5),),
        ids=(("arxiv", "2301.00001\x00"),),
    )
    everything = json.dumps(
        [seen.title, seen.url, dict(seen.fields), seen.files, seen.touches, seen.ids], ensure_ascii=False
    )
    assert "\x00" not in everything
    assert "\\u0000" not in everything
    everything.encode("utf-8")
    assert len(seen.fields["description"]) == LONG
    assert len(seen.fields["tags"]) == MANY


def test_an_identifier_that_is_too_long_is_none() -> None:
    seen = an_observation(ids=(("doi", "10.5555/" + "x" * 300), ("arxiv", "\x00"), ("arxiv", "2301.00001")))
    assert seen.ids == (("arxiv", "2301.00001"),)


def test_numbers_that_json_cannot_hold_are_dropped() -> None:
    assert scrub([float("nan"), float("inf"), 1.5, 2]) == [None, None, 1.5, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "altavista"},
        {"kind": "poem"},
        {"access": "sometimes"},
        {"status": "asleep"},
        {"native_id": ""},
        {"seen_at": dt.datetime(2026, 11, 24)},  # noqa: DTZ001
        {"touches": (Touch("likes", "huggingface", "a/b", "", 1.0),)},
    ],
)
def test_a_harvester_that_breaks_the_vocabulary_is_a_mistake_of_ours(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no such|needs an id"):
        an_observation(**wrong)
