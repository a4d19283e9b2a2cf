"""The local services are true enough for the real clients of the services."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.support.api_server import ApiServer
from tests.support.api_world import World, hf_dataset, hf_model


@pytest.fixture
def world() -> World:
    return World(
        datasets=[hf_dataset(f"owner/set-{n}", "medical" if n % 2 else "cooking") for n in range(5)],
        models=[hf_model("owner/model", "dataset:owner/set-1"), hf_model("owner/other")],
        renamed={"old/set-1": "owner/set-1"},
    )


def test_huggingface_hub_pages_through_its_list(server: ApiServer) -> None:
    # The client's own `limit` ends its reading; pages are as large as the server makes them.
    server_pages, hub = [], HfApi(endpoint=server.address, token=False)
    found = [info.id for info in hub.list_datasets(filter="medical", sort="last_modified", full=True)]
    server_pages += [asked.target for asked in server.asked]
    assert sorted(found) == ["owner/set-1", "owner/set-3"]
    assert len(server_pages) == 1


def test_huggingface_hub_reads_one_dataset_with_its_checksums(server: ApiServer) -> None:
    info = HfApi(endpoint=server.address, token=False).dataset_info("old/set-1", files_metadata=True)
    assert info.id == "owner/set-1"
    assert [file.rfilename for file in info.siblings or [] if file.lfs] == ["data/train-00000-of-00001.parquet"]


def test_huggingface_hub_finds_the_models_of_a_dataset(server: ApiServer) -> None:
    hub = HfApi(endpoint=server.address, token=False)
    assert [info.id for info in hub.list_models(filter="dataset:owner/set-1")] == ["owner/model"]


def test_it_can_be_started_from_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.support.api_server", "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = line.split()[0].removeprefix("HF_ENDPOINT=")
            with urllib.request.urlopen(f"{address}/api/datasets?search=pubmed") as answer:
                assert b"qiaojin/PubMedQA" in answer.read()
        finally:
            process.terminate()
    assert line.endswith("registry harvest\n")
