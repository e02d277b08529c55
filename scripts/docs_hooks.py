"""mkdocs puts every command's --help, as argparse prints it, into docs/reference/cli.md."""

import argparse
import os
from typing import Any

from claimcheck.cli.command import VERBS, subparser

_MARK = "<!-- every command's --help -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for every page."""
    return markdown.replace(_MARK, help_of_all()) if _MARK in markdown else markdown


def help_of_all() -> str:
    """A section a command, and one for each command under it."""
    os.environ["COLUMNS"] = "82"  # how wide argparse writes
    return "\n".join(
        section for verb in VERBS for section in _sections(f"claimcheck {verb}", subparser(verb))
    )


def _sections(name: str, parser: argparse.ArgumentParser) -> list[str]:
    made = [f"## {name}\n\n```text\n{parser.format_help()}```\n"]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, sub in action.choices.items():
                made += _sections(f"{name} {verb}", sub)
    return made
