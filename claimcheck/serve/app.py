"""The application: what each address answers. Who may ask, and how much, is looked at before (``gate``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from claimcheck.api import embedded_folder
from claimcheck.examples.offsets import UTF16, from_utf16
from claimcheck.examples.records import BadRow
from claimcheck.serve import annotation_tools, schema
from claimcheck.serve.documents import DocumentError, texts_of
from claimcheck.serve.exports import EXPORTS
from claimcheck.serve.gate import Gate
from claimcheck.serve.limits import Refused
from claimcheck.serve.pool import Asked, Pool
from claimcheck.serve.service import Service, json_answer, plain_spans, spans_of
from claimcheck.triage import rank
from claimcheck.view import View, css

_PAGE = Path(__file__).parent / "page"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schema.Problem, "description": what}
    for status, what in {
        400: "The body is not JSON",
        401: "No token, or a wrong one",
        408: "The request came too slowly",
        413: "Too large, too many texts, or a text too long",
        422: "The body is not what is wanted",
        429: "Too many requests at a time",
        500: "This text could not be analysed",
        503: "Too much waits already",
    }.items()
}


def create_app(service: Service | None = None) -> Gate:
    """The ASGI application of a service, ready for any server; its workers start and end with it.

    >>> create_app(Service(workers=2)).token is None
    True
    """
    service = service or Service()
    pool = Pool(service.model, service.factchecks, service.workers, service.limits.waiting_characters)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(
        title="claimcheck",
        version=_version(),
        summary="Claims, opinions and calls to action in raw Persian text.",
        lifespan=running,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        separate_input_output_schemas=False,
        exception_handlers={
            Refused: _refused,
            DocumentError: _document_error,
            RequestValidationError: _invalid,
            HTTPException: _http_error,
        },
    )
    app.state.service, app.state.pool = service, pool
    app.include_router(_routes)
    app.include_router(annotation_tools.routes, responses=_PROBLEMS)
    app.mount("/page", StaticFiles(directory=_PAGE))
    return Gate(app, service.limits, service.token, service.hosts)


_routes = APIRouter(responses=_PROBLEMS)


@_routes.post("/analyze", responses={200: {"model": schema.SpansOut | schema.ResultsOut}})
async def analyze(asked: schema.AnalyzeRequest, request: Request) -> Response:
    """The spans of a text, or one list of them a text."""
    one = "text" in asked.model_fields_set
    texts = [asked.text] if one else asked.texts
    found = await spans_of(request, texts, asked.asked, asked.min_confidence)
    plain = [{"spans": plain_spans(*row, asked.offsets)} for row in zip(texts, found, strict=True)]
    return json_answer(plain[0] if one else {"results": plain})


@_routes.post("/triage", responses={200: {"model": schema.ItemsOut}})
async def triage(asked: schema.TriageRequest, request: Request) -> Response:
    """The claims of many texts, those to look at first in front, with the arithmetic."""
    found = await spans_of(request, asked.texts, asked.asked)
    items = rank(asked.texts, found, asked.top)
    plain = [
        item.to_dict() | {"span": plain_spans(item.text, [item.span], asked.offsets)[0]} for item in items
    ]
    return json_answer({"items": plain})


@_routes.post("/view", responses={200: {"model": schema.ViewOut}})
async def view(asked: schema.TextRequest, request: Request) -> Response:
    """The spans of a text, and the text with its marks as HTML, as the page shows it."""
    [spans] = await spans_of(request, [asked.text], asked.asked, asked.min_confidence)
    html = View(asked.text, spans).marked_text()
    return json_answer({"spans": plain_spans(asked.text, spans, asked.offsets), "html": html})


@_routes.post("/explain", responses={200: {"model": schema.WordsOut}})
async def explain(asked: schema.ExplainRequest, request: Request) -> Response:
    """The words that decided the label of one span."""
    try:
        start = from_utf16(asked.text)(asked.start) if asked.offsets == UTF16 else asked.start
    except BadRow:
        raise Refused(422, f"start {asked.start} falls inside a character of two units") from None
    [spans] = await spans_of(request, [asked.text], Asked(explain_at=start))
    if not spans:
        raise Refused(
            422, f"no span of the text begins at {asked.start}; ask with a start that /analyze gave"
        )
    return json_answer({"words": plain_spans(asked.text, spans, asked.offsets)[0].get("words", [])})


@_routes.post(
    "/export/{kind}",
    response_class=Response,
    responses={200: {"content": {export.media_type: {} for export in EXPORTS.values()}}},
)
async def export(
    kind: Literal["json", "csv", "html", "claimreview", "web-annotation"],
    asked: schema.ExportRequest,
    request: Request,
) -> Response:
    """The spans of a text as a file: JSON, a table, a page to keep, ClaimReview stubs, Web Annotations."""
    [found] = await spans_of(request, [asked.text], asked.asked, asked.min_confidence)
    pairs = zip(found, plain_spans(asked.text, found, asked.offsets), strict=True)
    kept = [
        (span, plain)
        for span, plain in pairs
        if span.label.value in asked.labels and (asked.starts is None or plain["start"] in asked.starts)
    ]
    chosen = EXPORTS[kind]
    body = chosen.write(asked.text, [span for span, _ in kept], [plain for _, plain in kept], asked.source)
    headers = {"content-disposition": f'attachment; filename="claimcheck.{chosen.ending}"'}
    return Response(body.encode("utf-8", chosen.escape), media_type=chosen.media_type, headers=headers)


@_routes.post(
    "/read",
    responses={200: {"model": schema.TextsOut}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def read(request: Request, kind: Annotated[Literal["txt", "docx", "csv"], Query()]) -> Response:
    """The texts of a file: send its bytes as the body."""
    texts, column = texts_of(await request.body(), kind)
    return json_answer({"texts": texts, "column": column})


@_routes.get("/health", responses={200: {"model": schema.HealthOut}})
async def health(request: Request) -> Response:
    """Whether the service answers, and with what."""
    service: Service = request.app.state.service
    return json_answer(
        {
            "status": "ok",
            "version": _version(),
            "model": Path(service.model or embedded_folder()).name,
            "workers": service.workers,
            "waiting": request.app.state.pool.waiting,
            "factchecks": service.factchecks is not None,
        }
    )


@_routes.get("/", include_in_schema=False)
async def page() -> Response:
    """The page."""
    return Response((_PAGE / "index.html").read_bytes(), media_type="text/html; charset=utf-8")


@_routes.get("/page/view.css", include_in_schema=False)
async def view_styles() -> Response:
    """The styles of the marks, as in every other view."""
    return Response(css(), media_type="text/css; charset=utf-8")


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": message}, status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _problem(error.status, error.message, {"retry-after": str(error.retry)} if error.retry else None)


async def _document_error(_: Request, error: Exception) -> Response:
    return _problem(422, str(error))


async def _invalid(request: Request, error: Exception) -> Response:
    """Where, and what was wanted; nothing of what came is repeated, it may be large."""
    assert isinstance(error, RequestValidationError)
    said = [
        f"{'.'.join(map(str, one['loc'])).encode('ascii', 'backslashreplace').decode()[:100]}: {one['msg']}"
        for one in error.errors()
    ]
    kind = request.headers.get("content-type", "nothing")
    if "json" not in kind and any(one["loc"][0] == "body" for one in error.errors()):
        said.insert(0, f"the body came as {kind[:100]}; send the header content-type: application/json")
    broken = any(one["type"] == "json_invalid" for one in error.errors())
    more = f" (and {len(said) - 5} more)" if len(said) > 5 else ""
    return _problem(400 if broken else 422, "; ".join(said[:5]) + more)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail), dict(error.headers or {}))


def _version() -> str:
    try:
        return version("claimcheck")
    except PackageNotFoundError:
        return "0"
