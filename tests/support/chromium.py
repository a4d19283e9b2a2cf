"""Find a Chromium for the browser tests, or install one as the machine allows: `python -m tests.support.chromium`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.required import is_required

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
"""A browser that asks nothing of the network on its own account, and can reach this machine only."""


def find() -> Path | None:
    """The Chromium named by $CHROMIUM, else one on the PATH, else the one that Playwright downloaded, else None."""
    if named := os.environ.get("CHROMIUM"):
        found = shutil.which(named)
        return Path(found) if found else None
    for command in COMMANDS:
        if found := shutil.which(command):
            return Path(found)
    return _of_playwright()


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def install() -> str:
    """Install Chromium; an empty string when that worked, else why it did not."""
    failures = []
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for steps in _ways():
        for step in steps:
            print("+", " ".join(step), flush=True)
            done = subprocess.run(step, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        failures.append(f"`{' '.join(step)}` ended with {done.returncode}: {''.join(last)}")
    return "; ".join(failures)


def _ways() -> list[list[list[str]]]:
    """Ways to install it, best first; the last command of a way says whether it worked."""
    playwright = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if getattr(os, "geteuid", lambda: 1)() == 0 and shutil.which("apt-get"):
        debian = [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]]
        return [debian, playwright]
    return [playwright]


def main() -> int:
    """Print where Chromium is, installing it when it is nowhere; 1 when it cannot be had and is required."""
    if named := os.environ.get("CHROMIUM"):
        problem = "" if find() else f"CHROMIUM={named} is not a program"
    else:
        problem = "" if find() else install()
    if found := find():
        print(f"browser tests use {found}")
        return 0
    outcome = "but they are required here" if is_required("BROWSER") else "so they will be skipped"
    print(
        f"No Chromium for the browser tests, {outcome}: {problem or 'the installed one was not found'}.\n"
        "Install Chromium or Google Chrome, or point the variable CHROMIUM at its program.",
        file=sys.stderr,
    )
    return 1 if is_required("BROWSER") else 0


if __name__ == "__main__":
    sys.exit(main())
