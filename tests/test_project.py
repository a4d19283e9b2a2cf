"""The project as a whole: what it is made of, what may import what, and what a wheel of it holds."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import site
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("registry", "harvesters", "loaders", "dashboard")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = ("torch", "transformers", "datasets", "streamlit", "pandas", "ray", "polars", "networkx", "sqlalchemy")


class Import(NamedTuple):
    module: str
    at_load: bool
    """Whether importing the file imports it; else a function does when it is called."""
    place: str


def sources(*folders: str) -> list[Path]:
    """The Python files of these top-level folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[Import]:
    """The modules that a file imports; not those for type checking alone."""
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), True)]
    while waiting:
        node, at_load = waiting.pop()
        place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            yield from (Import(name.name, at_load, place) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place}: imports are absolute here"
            yield from (Import(f"{node.module}.{name.name}", at_load, place) for name in node.names)
        body = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            body = list(node.orelse)
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting += [(child, at_load and not inside) for child in body]


def top(module: str) -> str:
    return module.partition(".")[0]


def fresh(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, in the test's environment."""
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_version_is_that_of_the_project() -> None:
    assert importlib.metadata.version("medregistry") == PROJECT["version"]


def test_import_registry_pulls_in_nothing_heavy() -> None:
    done = fresh(f"import registry, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_import_registry_takes_less_than_a_fifth_of_a_second() -> None:
    code = "import time; start = time.perf_counter(); import registry; print(time.perf_counter() - start)"
    took = [float(fresh(code).stdout) for _ in range(5)]
    assert min(took) < 0.2, took


def test_the_public_names_are_there() -> None:
    expected = {"search", "info", "findings", "graph", "cite", "croissant", "licence", "load"}
    expected |= {"Dataset", "Licence", "UnknownDataset", "LicenceError", "KnownIssues"}
    code = "import registry; print(*[name for name in registry.__all__ if callable(getattr(registry, name))])"
    done = fresh(code)
    assert done.returncode == 0, done.stderr
    assert expected - set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("folder", "never", "except_lazily_in"),
    [
        ("registry", {"harvesters", "loaders", "dashboard"}, ("registry/__init__.py", "registry/cli")),
        ("harvesters", {"loaders", "dashboard"}, ()),
        ("loaders", {"harvesters", "dashboard"}, ()),
        ("dashboard", {"harvesters"}, ()),
        ("migrations", {"harvesters", "loaders", "dashboard"}, ()),
    ],
)
def test_data_flows_one_way(folder: str, never: set[str], except_lazily_in: tuple[str, ...]) -> None:
    found = [
        found.place
        for path in sources(folder)
        for found in imports(path)
        if top(found.module) in never
        and (found.at_load or not path.relative_to(ROOT).as_posix().startswith(except_lazily_in or "no file"))
    ]
    assert found == []


def test_only_the_pollers_client_and_the_fetcher_know_the_http_client() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in sources(*PACKAGES)
        for found in imports(path)
        if top(found.module) in ("httpx", "requests", "urllib3", "aiohttp") or found.module.startswith("urllib.request")
    }
    assert found <= {"harvesters/http.py", "loaders/download.py"}


def test_no_page_of_the_dashboard_speaks_sql() -> None:
    found = [
        found.place
        for path in sources("dashboard")
        for found in imports(path)
        if top(found.module) in ("sqlalchemy", "sqlmodel")
    ]
    assert found == []


def test_what_is_imported_is_declared() -> None:
    """By a dependency of the core; by an extra in a function, or in a file that only functions import."""
    core = names_of(PROJECT["dependencies"])
    extras = names_of(line for name, part in PROJECT["optional-dependencies"].items() if name != "dev" for line in part)
    provides = importlib.metadata.packages_distributions() | {"ray": ["ray"]}
    ours = {*PACKAGES, "migrations"}
    files = {path: list(imports(path)) for path in sources(*ours)}
    at_load = {found.module for each in files.values() for found in each if found.at_load}
    undeclared, too_early = [], []
    for path, each in files.items():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        waits = not any(module == name or module.startswith(f"{name}.") for module in at_load)
        for module, early, place in each:
            if top(module) in ours or top(module) in sys.stdlib_module_names:
                continue
            from_packages = {_normal(package) for package in provides.get(top(module), [])}
            if not from_packages & (core | extras):
                undeclared.append(f"{place}: {module}")
            elif not from_packages & core and early and not waits:
                too_early.append(f"{place}: {module}")
    assert undeclared == []
    assert too_early == []


def names_of(requirements: Iterable[str]) -> set[str]:
    """The packages that these lines ask for."""
    return {_normal(re.split(r"[\[<>=!~; ]", line)[0]) for line in requirements}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_test_dependency_has_an_exact_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {}
    for line in lines:
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line), line
            name, _, version = line.partition("==")
            pinned[_normal(name)] = version
    wanted = PROJECT["dependencies"] + [line for part in PROJECT["optional-dependencies"].values() for line in part]
    assert names_of(wanted) - {"medregistry", "ray"} - pinned.keys() == set()
    assert pinned["torch"] == "2.13.0"


def _texts() -> list[Path]:
    """The text files of the checkout, but for what git ignores."""
    endings = (".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".jsonl", ".css", ".js", ".html", ".mako", ".svg", "")
    ignored = {".git", ".venv", ".hypothesis", "build", "dist", "__pycache__"}
    found = []
    for folder, inside, names in os.walk(ROOT):
        inside[:] = [name for name in inside if name not in ignored and not name.endswith("_cache")]
        found += [Path(folder, name) for name in names if Path(name).suffix in endings]
    return sorted(found)


def test_no_file_names_a_folder_of_one_machine() -> None:
    folder = re.compile(r"(?<![\w./:-])/(work|root|opt/(wheels|pypi)|home/\w+)/|" + re.escape(str(ROOT)))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if folder.search(line)
    ]
    assert found == []


def test_no_module_is_longer_than_600_lines() -> None:
    lines = {
        path.relative_to(ROOT): path.read_text(encoding="utf-8").count("\n") for path in sources(*PACKAGES, "tests")
    }
    assert {path: count for path, count in lines.items() if count > 600} == {}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_a_wheel_holds_the_packages_the_cards_and_the_migrations_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {top_folder for name in names if ".dist-info/" not in (top_folder := name.partition("/")[0] + "/")} == {
        f"{name}/" for name in PACKAGES
    }

    def files(*folders: str) -> set[str]:
        found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
        return {path.relative_to(ROOT).as_posix() for path in found if path.parent.name != "__pycache__"}

    wanted = files(*PACKAGES)
    assert len([name for name in wanted if name.startswith("registry/cards/")]) > 600
    assert wanted <= names
    migrations = {f"registry/{name}" for name in files("migrations")}
    assert {"registry/migrations/env.py", "registry/migrations/script.py.mako"} < migrations <= names
    assert {name for name in names if name.endswith((".pyc", ".db", ".whl"))} == set()


@pytest.mark.slow
def test_an_installed_wheel_makes_its_catalogue_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target"]
    subprocess.run([*pip, str(target), str(wheel)], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()

    # Without `site`, the checkout's editable install is not seen; the dependencies are, by their folder's name.
    path = os.pathsep.join([str(target), *site.getsitepackages()])
    code = (
        "import importlib.util, pathlib, registry, registry.db as db\n"
        "print(pathlib.Path(registry.__file__).parents[1])\n"
        "print(importlib.util.find_spec('migrations'))\n"
        "print(registry.search(limit=10_000).height)\n"
        "print(*db.schema_status(db.engine()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=empty,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, migrations, count, status = done.stdout.splitlines()
    assert (Path(where), migrations) == (target, "None")
    assert int(count) > 2000
    current, head = status.split()
    assert current == head


def test_the_command_is_installed_and_tells_its_version() -> None:
    command = shutil.which("registry", path=str(Path(sys.executable).parent))
    assert command, "the command `registry` is not installed"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, [PROJECT["version"]])
