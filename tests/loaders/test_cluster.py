"""Tokens made on a Ray cluster: the bytes of local ones, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from loaders import cluster, shard_files, store, tokenize
from loaders.cluster import shards, stored_rows
from loaders.records import Records
from loaders.rows import Context
from loaders.template_files import open_template
from loaders.tokenize import Job, Maker
from loaders.tokenizers import open_tokenizer
from loaders.tokenstore import COLUMNS, Shard
from registry.errors import MedRegistryError, UsageError
from tests.support.questions import records
from tests.support.trained import SENTENCES, tokenizer_of

ray = pytest.importorskip("ray")

ROOT = Path(__file__).parents[2]
ROWS = [
    {
        "question": f"{SENTENCES[number % 7]} Question {number}?",
        "context": " ".join(SENTENCES[: number % 5]),
        "answers": ["yes", "no", "maybe"][: 1 + number % 3],
    }
    for number in range(300)
]
KEY = "0" * 32
on_ray = pytest.mark.usefixtures("ray_of_this_machine")


@pytest.fixture(scope="module")
def ray_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ray with two processors and a home of its own."""
    home = tmp_path_factory.mktemp("ray-home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "HOME": str(home),
            "REGISTRY_CACHE": str(home / "cache"),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "disabled",
        }.items():
            patch.setenv(name, value)
        ray.init(
            address="local",
            num_cpus=2,
            object_store_memory=100 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(autouse=True)
def verdicts_on_engines_are_kept(engines: Path, clean_env: Path) -> None:
    """All tests, and their workers, take the same ones: the comparison takes seconds."""
    cache = clean_env / ".cache/medregistry"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "engines").symlink_to(engines)


def job(schema: str = "question_answer", family: str = "byte_chatml") -> Job:
    return Job(open_tokenizer(tokenizer_of(family)), schema, open_template("chat"), 60, "context", "answer")


def loaded(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, object]] = ROWS) -> Records:
    """Records in the cache, in several parts, as `registry.load` puts them there."""
    made = records("question_answer", rows)
    monkeypatch.setattr(store, "PART", 4096)
    bits = [made.frame.slice(first, 50) for first in range(0, made.frame.height, 50)]
    stored = store.stored(KEY, lambda _: iter(bits), Context(lambda join: None))
    assert len(list(store.folder_of(KEY).glob("*.arrow"))) > 1
    return Records(stored.frame, "question_answer", key=stored.key)


def by_hand(given: Records, work: Job, edges: list[int]) -> list[Shard]:
    maker = Maker(work)
    return [maker.shard(given.frame.slice(first, last - first), first) for first, last in pairwise(edges)]


def assert_same(found: list[Shard], wanted: list[Shard]) -> None:
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.told == theirs.told
        for name in COLUMNS:
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
            assert getattr(ours, name).dtype == getattr(theirs, name).dtype, name


def finished(left: Path) -> dict[str, int]:
    """The finished shards in a folder and when each was written."""
    return {path.name: (path / shard_files.TOLD).stat().st_mtime_ns for path in left.glob("0*-*")}


@on_ray
@pytest.mark.parametrize("family", ["byte_chatml", "unigram"])
def test_a_store_made_by_a_cluster_has_the_bytes_of_a_local_one(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenize, "SHARD_ROWS", 70)
    given = loaded(monkeypatch)
    local = given.tokenize(tokenizer_of(family), max_length=60).folder
    assert local is not None
    kept = local.rename(local.with_name("local"))
    tokens = given.tokenize(tokenizer_of(family), max_length=60, engine="ray")
    assert tokens.folder == local
    names = sorted(path.name for path in kept.iterdir())
    assert sorted(path.name for path in local.iterdir()) == names
    assert len(names) == 8
    for name in names:
        if name != "made.json":
            assert (local / name).read_bytes() == (kept / name).read_bytes(), name
    assert not list(local.parent.glob(".shards-*"))


@on_ray
def test_records_that_no_load_gave_travel_with_the_tasks() -> None:
    given = records("question_answer", ROWS)
    edges = [0, 1, 120, 121, 300]
    found = list(shards(given, job(), None, edges=edges))
    assert_same(found, by_hand(given, job(), edges))


@on_ray
def test_no_records_are_no_rows() -> None:
    given = records("question_answer", ROWS[:1])
    given.frame = given.frame.clear()
    assert len(given.tokenize(tokenizer_of("byte_chatml"), engine="ray")) == 0


@on_ray
def test_no_more_than_a_few_shards_are_under_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    coming = shards(loaded(monkeypatch), job(), tmp_path, edges=list(range(0, 301, 10)))
    next(coming)
    time.sleep(1)
    assert 1 <= len(finished(tmp_path)) <= 2 * cluster.AHEAD
    coming.close()  # type: ignore[attr-defined]


def workers() -> list[int]:
    """Processes of the cluster of this test that are making a shard."""
    parents, names = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            names[int(path.name)] = (path / "cmdline").read_bytes()
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue

    def ours(process: int) -> bool:
        while process in parents and process != os.getpid():
            process = parents[process]
        return process == os.getpid()

    return [process for process, name in names.items() if name.startswith(b"ray::_done") and ours(process)]


@on_ray
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found in /proc")
@pytest.mark.parametrize("kept", [True, False])
def test_a_worker_that_is_killed_is_made_up_for(
    kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = loaded(monkeypatch, ROWS * 20) if kept else records("question_answer", ROWS * 20)
    edges = [0, 10, 2500, 4000, 6000]
    coming = shards(given, job(), tmp_path if kept else None, edges=edges)
    found = [next(coming)]
    until = time.monotonic() + 10
    while not (busy := workers()) and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(busy[0], signal.SIGKILL)
    found += coming
    assert_same(found, by_hand(given, job(), edges))


DRIVER = """
import sys, time
from pathlib import Path
from loaders import store
from loaders.cluster import shards
from loaders.records import Records
from loaders.rows import Context
from tests.loaders.test_cluster import KEY, job
found = store.stored(KEY, lambda _: iter(()), Context(lambda join: None))
for _ in shards(Records(found.frame, "question_answer", key=KEY), job(), Path(sys.argv[1]), edges=range(0, 301, 20)):
    time.sleep(0.3)
"""


@on_ray
@pytest.mark.slow
def test_what_was_finished_when_the_driver_was_killed_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = loaded(monkeypatch)
    address = ray.get_runtime_context().gcs_address
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_ADDRESS": address, "RAY_AUTH_MODE": "disabled"}
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], env=environment)
    until = time.monotonic() + 30
    while len(finished(tmp_path)) < 3 and driver.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    time.sleep(0.5)  # what its workers were making is finished or gone
    before = finished(tmp_path)
    edges = list(range(0, 301, 20))
    assert 3 <= len(before) < len(edges) - 1
    assert_same(list(shards(given, job(), tmp_path, edges=edges)), by_hand(given, job(), edges))
    after = finished(tmp_path)
    assert len(after) == len(edges) - 1
    assert before.items() <= after.items()


def test_shards_that_are_all_there_need_no_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given, edges = loaded(monkeypatch), [0, 200, 300]
    wanted = by_hand(given, job(), edges)
    for shard, pair in zip(wanted, pairwise(edges), strict=True):
        shard_files.write(shard_files.folder_of(tmp_path, *pair), shard, [])
    monkeypatch.setitem(sys.modules, "ray", None)
    assert_same(list(shards(given, job(), tmp_path, edges=edges)), wanted)


@on_ray
def test_a_shard_that_was_cut_short_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given, edges = loaded(monkeypatch), [0, 200, 300]
    wanted = by_hand(given, job(), edges)
    for shard, pair in zip(wanted, pairwise(edges), strict=True):
        shard_files.write(shard_files.folder_of(tmp_path, *pair), shard, [])
    ids = shard_files.folder_of(tmp_path, 200, 300) / "ids.npy"
    ids.write_bytes(ids.read_bytes()[:-7])
    assert_same(list(shards(given, job(), tmp_path, edges=edges)), wanted)


def test_the_verdict_on_engines_is_that_of_the_first_records_whichever_shard_comes_first() -> None:
    given = records("question_answer", ROWS)
    alone = Maker(job())
    alone.shard(given.frame.head(200), 0)
    second = Maker(job())
    cluster._learn(second, given.frame.head(200))
    assert (second.tried, second.boundaries.enabled) == (alone.tried, alone.boundaries.enabled)
    assert second.encoder.verdicts == alone.encoder.verdicts
    assert any(name.endswith("own texts") for name in alone.encoder.verdicts) == bool(alone.encoder.verdicts)


@on_ray
def test_a_mistake_is_the_same_error_as_without_a_cluster() -> None:
    given = records("segmentation", [{"image": None, "mask": None, "classes": ["lung"]}])
    with pytest.raises(UsageError) as local:
        given.tokenize(tokenizer_of("byte_chatml"))
    with pytest.raises(UsageError) as far:
        given.tokenize(tokenizer_of("byte_chatml"), engine="ray")
    assert str(far.value) == str(local.value)


@on_ray
def test_warnings_of_workers_are_told_once() -> None:
    template = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    template += "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    source = open_tokenizer(tokenizer_of("byte_chatml"))
    object.__setattr__(source, "chat_template", template)
    turns = [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "Hello"}]
    given = records("dialogue", [{"turns": [*turns, {"role": "doctor", "text": "Yes?"}]}] * 4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = list(shards(given, job("dialogue")._replace(source=source), None, edges=[0, 1, 2, 3, 4]))
    assert len(found) == 4
    assert [str(one.message)[:38] for one in caught] == ["the chat template knows no system; wha"]


def test_rows_are_read_from_the_parts_that_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = loaded(monkeypatch)
    for first, last in ((0, 300), (0, 1), (49, 51), (120, 260), (299, 300), (0, 0)):
        assert stored_rows(store.folder_of(KEY), first, last).equals(given.frame.slice(first, last - first))


def test_a_machine_that_does_not_share_the_cache_says_so(tmp_path: Path) -> None:
    with pytest.raises(MedRegistryError, match="REGISTRY_CACHE must name a folder that all machines"):
        stored_rows(tmp_path / "records", 0, 1)


def test_without_ray_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MedRegistryError, match=r'pip install "medregistry\[ray\]"'):
        records("question_answer", ROWS[:2]).tokenize(tokenizer_of("byte_chatml"), engine="ray")


def test_a_cluster_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(MedRegistryError, match="RAY_ADDRESS=127.0.0.1:9 cannot be reached"):
        list(shards(records("question_answer", ROWS[:2]), job(), None))


class _Odd(UsageError):
    def __init__(self, what: str, value: str) -> None:
        super().__init__(f"{what}: {value}")


def test_an_error_that_cannot_travel_arrives_as_its_nearest_class() -> None:
    arrived = cluster._portable(_Odd("template", "x"))
    assert (type(arrived), str(arrived)) == (UsageError, "template: x")
    assert type(cluster._portable(OSError(28, "No space left on device"))) is OSError
