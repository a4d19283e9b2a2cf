"""Start the dashboard on the configured catalogue: what `registry serve` and `make run` call."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import webbrowser
from ipaddress import ip_address
from typing import Any

from dashboard.theme import OPTIONS
from registry.errors import MedRegistryError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def options(port: int, address: str) -> dict[str, Any]:
    """Streamlit's options, all of those that matter here, so that no file on the machine decides them."""
    return OPTIONS | {
        "server.port": port,
        "server.address": address,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        # Only this machine can reach a loopback address: under another name it is a page elsewhere that asks.
        "server.allowedHosts": list(LOOPBACK) if _is_loopback(address) else [],
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.maxMessageSize": 20,
        "server.maxUploadSize": 1,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        # The tables' own export would hand formulas to a spreadsheet: the pages have one that does not.
        "client.disableDataExport": True,
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,
        "logger.level": "warning",
        "logger.hideWelcomeMessage": True,
        "global.developmentMode": False,
        # Widgets show what the address says, see dashboard.address.
        "global.disableWidgetStateDuplicationWarning": True,
    }


def serve(port: int = 8501, address: str = "127.0.0.1", open_browser: bool = False) -> int:
    """Serve the dashboard until Ctrl-C.

    The catalogue is made ready first: on first use it is created and filled from the cards.

    Args:
        port: TCP port, 1 to 65535.
        address: IP address or name to listen on; other machines reach it only when it is not a loopback address.
        open_browser: open the page in the user's browser.

    Returns:
        Exit code: 0 after Ctrl-C, 1 when the port, the address or the catalogue cannot be used.
    """
    try:
        family, place = _bindable(port, address)
    except OSError as error:
        print(_why_not(error, port, address), file=sys.stderr)
        return 1
    try:
        where = _ready()
    except MedRegistryError as error:
        print(error, file=sys.stderr)
        return 1
    shown = f"[{place}]" if family == socket.AF_INET6 else place
    url = f"http://{'localhost' if place in ('0.0.0.0', '::') else shown}:{port}"  # noqa: S104
    print(f"Catalogue  {where}\nDashboard  {url}   (Ctrl-C stops it)", flush=True)
    if open_browser:
        threading.Timer(1.0, webbrowser.open, [url]).start()
    return _run(port, place)


def _ready() -> str:
    from registry.db import ready

    print("Opening the catalogue (on first use it is filled from the cards, some seconds) …", flush=True)
    return ready().url.render_as_string(hide_password=True)


def _run(port: int, address: str) -> int:
    import uvicorn.config

    # Its lines on starting and stopping say nothing to who reads ours.
    uvicorn.config.LOGGING_CONFIG["loggers"]["uvicorn"]["level"] = "WARNING"
    logging.captureWarnings(True)
    from dashboard.asgi import app

    try:
        app.run(config=options(port, address))
    except KeyboardInterrupt:
        return 0
    except SystemExit as stop:
        # The server leaves this way when it cannot start; it has said why.
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _bindable(port: int, address: str) -> tuple[socket.AddressFamily, str]:
    """Family and number of the address, after a try that it and the port can be had."""
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        if sys.platform != "win32":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(place[:2])
        trial.listen(1)
    return family, str(place[0])


def _why_not(error: OSError, port: int, address: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop what uses it, or choose another one with --port (make run PORT={port + 1})"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by you: choose one above 1023 with --port"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all of its networks"
    return f"the dashboard cannot listen at {address}, port {port}: {error.strerror or error}"
