"""The command line."""

from claimcheck.cli.command import main

__all__ = ["main"]
