"""``claimcheck serve``: the page and the HTTP API."""

from __future__ import annotations

import argparse
import ipaddress
import os
from dataclasses import fields
from pathlib import Path

from claimcheck.cli.output import UsageError, note

_TOKEN = "CLAIMCHECK_TOKEN"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 for any that is free")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument("--factchecks", metavar="INDEX", help="an index of fact-checks that may be asked for")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor)")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"requests must carry the token in it (also by the environment variable {_TOKEN})",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the service may be asked, such as that of a proxy before it",
    )
    group = parser.add_argument_group("limits")
    for name, kind, default in _limits():
        group.add_argument(
            f"--max-{name.replace('_', '-')}",
            type=kind,
            default=default,
            metavar="N",
            help=f"default: {default:,}",
        )


def _limits() -> list[tuple[str, type, float]]:
    from claimcheck.serve.limits import Limits

    standard = Limits()
    return [(f.name, type(getattr(standard, f.name)), getattr(standard, f.name)) for f in fields(Limits)]


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from claimcheck.scoring.workers import best_split
    from claimcheck.serve import Limits, Service
    from claimcheck.serve.server import run as serve

    chosen = {name: getattr(args, f"max_{name}") for name, _, _ in _limits()}
    _check(args, chosen)
    service = Service(
        model=args.model,
        factchecks=args.factchecks,
        workers=best_split()[0] if args.workers is None else args.workers,
        token=_token(args.token_file),
        hosts=_hosts(args.host, args.allow_host),
        limits=Limits(**chosen),
    )
    if service.token is None and not _is_loopback(args.host):
        note(f"anybody who reaches {args.host} may ask: set a token by --token-file or {_TOKEN}")
    serve(service, args.host, args.port, lambda address: note(f"listening on {address} (Ctrl+C ends it)"))
    return 0


def _check(args: argparse.Namespace, limits: dict[str, float]) -> None:
    """See that what would fail in a worker fails here, in a line."""
    for name, number in limits.items():
        if number <= 0:
            raise UsageError(f"--max-{name.replace('_', '-')} must be more than 0, got {number:g}")
    if args.workers is not None and args.workers < 1:
        raise UsageError(f"--workers must be 1 or more, got {args.workers}")
    if not 0 <= args.port <= 65535:
        raise UsageError(f"--port must be between 0 and 65535, got {args.port}")
    if args.model is not None:
        from claimcheck.folder import read_folder

        read_folder(args.model)
    if args.factchecks is not None:
        from claimcheck.cli.factchecks import open_factchecks

        with open_factchecks(args.factchecks):
            pass


def _token(path: Path | None) -> str | None:
    token = path.read_text(encoding="utf-8").strip() if path else os.environ.get(_TOKEN, "").strip()
    if path and not token:
        raise UsageError(f"{path} is empty; put the token into it")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(
            "a token is letters, digits and signs of ASCII, without blanks: headers hold no others"
        )
    return token or None


def _hosts(host: str, allowed: list[str]) -> list[str] | None:
    """Loopback is asked under its own names only; any other address under any name, unless some are given."""
    if allowed or _is_loopback(host):
        return ["127.0.0.1", "localhost", "[::1]", *(name.lower() for name in allowed)]
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
