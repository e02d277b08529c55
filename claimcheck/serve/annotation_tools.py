"""Labels offered inside annotation tools: a Label Studio ML backend, and an address for doccano's auto labelling.

Formats as of Label Studio's ML backend SDK 2 and doccano 1.8 («Custom REST Request»). Both get all four labels,
attribution frames too, under the names that ``claimcheck data convert`` reads back.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from claimcheck.examples.formats.doccano import triples
from claimcheck.examples.formats.label_studio import INTERFACE, regions
from claimcheck.examples.records import Example
from claimcheck.serve.limits import Refused
from claimcheck.serve.pool import Asked
from claimcheck.serve.service import json_answer, spans_of

routes = APIRouter(tags=["annotation tools"])
_ASKED = Asked(segments=True)
_NAME = "claimcheck"


class Task(BaseModel):
    """A Label Studio task; ``data`` holds the text under the name that the labelling interface says."""

    id: int | str | None = None
    data: dict[str, Any]


class Tasks(BaseModel):
    """What Label Studio sends for predictions."""

    tasks: list[Task]
    label_config: str | None = Field(None, description="the project's labelling interface, as XML")


class Setup(BaseModel):
    """What Label Studio sends when a project is connected."""

    project: str | None = None
    label_config: str | None = Field(None, alias="schema")


class Prediction(BaseModel):
    """One task's regions."""

    model_version: str
    score: float = Field(description="the least sure region's confidence; 1 where there is none")
    result: list[dict[str, Any]]


class Predictions(BaseModel):
    """One prediction a task, in order."""

    results: list[Prediction]


class Doccano(BaseModel):
    """A text as doccano sends it."""

    text: str


class Entity(BaseModel):
    """A labelled stretch, its offsets in UTF-16 units, as doccano counts them."""

    label: str
    start_offset: int
    end_offset: int


@routes.get("/label-studio/health")
async def label_studio_health() -> dict[str, str]:
    """Asked by Label Studio when a backend is added."""
    return {"status": "UP", "model_class": _NAME}


@routes.post("/label-studio/setup")
async def label_studio_setup(setup: Setup) -> dict[str, str]:
    """Asked by Label Studio when a project is connected; an interface that does not fit is refused here."""
    _names(setup.label_config)
    return {"model_version": _NAME}


@routes.post("/label-studio/predict", responses={200: {"model": Predictions}})
async def label_studio_predict(asked: Tasks, request: Request) -> Response:
    """The regions of each task."""
    from_name, to_name, key = _names(asked.label_config)
    texts = [_text(task, key, number) for number, task in enumerate(asked.tasks)]
    results = []
    for text, spans in zip(texts, await _segments(request, texts), strict=True):
        example = Example.of("", text, spans)
        found = [region | {"from_name": from_name, "to_name": to_name} for region in regions(example)]
        scored = [region | {"score": span.confidence} for region, span in zip(found, spans, strict=True)]
        least = min((span.confidence for span in spans), default=1.0)
        results.append({"model_version": _NAME, "score": least, "result": scored})
    return json_answer({"results": results})


@routes.post("/label-studio/webhook")
async def label_studio_webhook(event: dict[str, Any]) -> dict[str, str]:
    """Events of the project; nothing is learnt from them: export the labels and run claimcheck train."""
    return {"status": "ignored"}


@routes.post("/doccano", responses={200: {"model": list[Entity]}})
async def doccano(asked: Doccano, request: Request) -> Response:
    """The labels of a text, for doccano's auto labelling."""
    [spans] = await _segments(request, [asked.text])
    found = triples(Example.of("", asked.text, spans))
    return json_answer(
        [{"label": name, "start_offset": start, "end_offset": end} for start, end, name in found]
    )


async def _segments(request: Request, texts: list[str]) -> Any:
    return await spans_of(request, texts, _ASKED)


def _text(task: Task, key: str, number: int) -> str:
    text = task.data.get(key)
    if not isinstance(text, str):
        raise Refused(
            422,
            f"tasks.{number}.data.{key}: a text was wanted, got {type(text).__name__}; load the tasks with one",
        )
    return text


def _names(interface: str | None) -> tuple[str, str, str]:
    """What the regions and the text are called in a labelling interface, and where a task has its text."""
    if not interface:
        return "label", "text", "text"
    try:
        if "<!" in interface:
            raise ElementTree.ParseError("no declarations are taken")
        root = ElementTree.fromstring(interface)
    except ElementTree.ParseError as error:
        raise Refused(422, f"label_config is not the XML of a labelling interface: {error}") from None
    labels = root.find(".//Labels")
    text = next(
        (t for t in root.iter("Text") if labels is not None and t.get("name") == labels.get("toName")), None
    )
    if labels is None or text is None:
        raise Refused(
            422, f"the labelling interface has no <Labels> over a <Text>; one that fits: {INTERFACE}"
        )
    return labels.get("name", "label"), text.get("name", "text"), text.get("value", "$text").lstrip("$")
