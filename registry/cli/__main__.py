"""`python -m registry.cli`, for where the command itself is not on the path."""

from registry.cli import main

main()
