"""The command `registry`: 0 done, 1 the work failed, 2 wrong use, 3 done in part (what is left, on stderr)."""

from __future__ import annotations

import logging
import os
import sys

import typer

from registry.cli import author, browse, data, harvest, keep, tokens, upkeep
from registry.errors import MedRegistryError

app = typer.Typer(
    name="registry",
    help="A living catalogue of medical datasets, and a loader that acts on it.",
    epilog="Start with: registry search oncology · registry info pubmedqa · registry load pubmedqa · registry serve",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (browse, data, tokens, author, keep, harvest, upkeep):
    module.add(app)


@app.callback(invoke_without_command=True)
def _options(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what is done, on stderr."),
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from registry import __version__

        typer.echo(f"medregistry {__version__}")
        raise typer.Exit
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)


def main() -> None:
    """Run the command line; a user's mistake is one message on stderr, never a traceback."""
    try:
        app()
    except MedRegistryError as error:
        typer.echo(f"registry: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader went away (`registry list | head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        typer.echo("registry: stopped", err=True)
        sys.exit(130)
