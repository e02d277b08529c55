"""A service, and the one way from a request to spans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from claimcheck.examples.offsets import UTF16
from claimcheck.integrations.utf16 import in_utf16
from claimcheck.serve.limits import Limits, Refused
from claimcheck.serve.pool import Asked
from claimcheck.span import Span


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, and how.

    Args:
        model: a model folder, ``None`` for the one that ships.
        factchecks: an index of fact-checks.
        workers: processes that analyse.
        token: that requests must carry.
        hosts: names under which the service may be asked, ``None`` for any.
        limits: of what it accepts.
    """

    model: str | None = None
    factchecks: str | None = None
    workers: int = 1
    token: str | None = field(default=None, repr=False)
    hosts: Sequence[str] | None = None
    limits: Limits = field(default_factory=Limits)


async def spans_of(
    request: Request, texts: Sequence[str], asked: Asked, min_confidence: float = 0.0
) -> list[list[Span]]:
    """The spans of texts that are within the limits.

    Raises:
        Refused: they are not (413), there is no index to ask (422), or the pool cannot answer (500, 503).
    """
    service: Service = request.app.state.service
    _check(texts, asked, service)
    found = await request.app.state.pool.analyze(texts, asked)
    return [[span for span in spans if span.confidence >= min_confidence] for spans in found]


def _check(texts: Sequence[str], asked: Asked, service: Service) -> None:
    limits = service.limits
    if len(texts) > limits.texts:
        raise Refused(413, f"{len(texts):,} texts came, at most {limits.texts:,} a request are taken")
    for number, text in enumerate(texts):
        if len(text) > limits.characters:
            raise Refused(
                413, f"text {number} has {len(text):,} characters, at most {limits.characters:,} are taken"
            )
    if asked.explain and (total := sum(map(len, texts))) > limits.explained_characters:
        raise Refused(
            413,
            f"with explain at most {limits.explained_characters:,} characters a request are taken, {total:,} came",
        )
    if asked.factchecks and service.factchecks is None:
        raise Refused(422, "there are no fact-checks to ask: start with claimcheck serve --factchecks INDEX")


def plain_spans(text: str, spans: Sequence[Span], offsets: str) -> list[dict[str, Any]]:
    """Spans in types of JSON, offsets as they were asked for."""
    plain = [span.to_dict() for span in spans]
    return [in_utf16(text, span) for span in plain] if offsets == UTF16 else plain


def json_answer(content: Any) -> Response:
    """An answer in JSON; a lone surrogate, which UTF-8 cannot hold, is written as its escape."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, media_type="application/json")
