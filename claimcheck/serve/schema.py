"""What the HTTP API takes and gives, as types: they check requests, and the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from claimcheck.serve.pool import Asked
from claimcheck.span import Label
from claimcheck.voice import Kind, Stance


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(_whole)]  # 1.0 is an integer in JSON Schema
Offsets = Literal["code-points", "utf-16"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Options(_Request):
    cues: bool = Field(False, description="flag claims with rumour cues")
    factchecks: bool = Field(False, description="flag claims that were checked already")
    explain: bool = Field(False, description="name the words that each label hangs on; about a second a span")
    min_confidence: Share = Field(0.0, description="leave out spans below it")
    offsets: Offsets = Field(
        "code-points",
        description="what start and end count: code points as Python does, or units as JavaScript",
    )

    @property
    def asked(self) -> Asked:
        return Asked(self.cues, self.factchecks, self.explain)


class AnalyzeRequest(_Options):
    """One text, or many: exactly one of ``text`` and ``texts``."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["text"]}, {"required": ["texts"]}],
            "examples": [{"text": "وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است."}],
        }
    )
    text: str = ""
    texts: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_of_both(self) -> AnalyzeRequest:
        given = self.model_fields_set & {"text", "texts"}
        if len(given) != 1:
            raise ValueError('give one text as {"text": "…"} or many as {"texts": ["…", "…"]}')
        return self


class TextRequest(_Options):
    """One text."""

    text: str


class ExplainRequest(_Request):
    """One span of a text: that which begins at ``start``."""

    text: str
    start: Annotated[int, Field(ge=0), BeforeValidator(_whole)]
    offsets: Offsets = "code-points"


class ExportRequest(TextRequest):
    """One text, and which of its spans to write."""

    labels: list[Literal["claim", "opinion", "call_to_action"]] = Field(
        default=["claim", "opinion", "call_to_action"], description="leave out spans of other labels"
    )
    starts: list[Whole] | None = Field(
        None, description="leave out spans that begin elsewhere; counted as offsets says"
    )
    source: str | None = Field(
        None, max_length=2000, description="where the text is from: an address or a name"
    )


class TriageRequest(_Request):
    """Many texts."""

    texts: list[str]
    cues: bool = Field(True, description="weigh rumour cues")
    factchecks: bool = Field(False, description="weigh what was checked already")
    top: Annotated[int, Field(ge=1), BeforeValidator(_whole)] | None = Field(
        None, description="so many claims at most"
    )
    offsets: Offsets = "code-points"

    @property
    def asked(self) -> Asked:
        """For the pool."""
        return Asked(self.cues, self.factchecks)


class SliceOut(BaseModel):
    """A stretch of the text."""

    start: int
    end: int
    text: str


class AttributionOut(SliceOut):
    """The frame a span stands under, who speaks in it, and how."""

    speaker: SliceOut | None
    kind: Kind
    stance: Stance


class WordOut(SliceOut):
    """A word that the label hangs on."""

    weight: float


class FlagOut(BaseModel):
    """A reason to look at a claim first."""

    type: str = Field(examples=["unnamed_source", "already_checked"])
    score: Share
    reason: str
    evidence: SliceOut | None
    factcheck: dict[str, Any] = Field(default_factory=dict)


class SpanOut(SliceOut):
    """A labelled span; ``words`` and ``flags`` are there where they were asked for and found."""

    label: Label
    confidence: Share
    check_worthiness: Share | None
    attribution: AttributionOut | None
    words: list[WordOut] = Field(default_factory=list)
    flags: list[FlagOut] = Field(default_factory=list)


class WordsOut(BaseModel):
    """The words that a span's label hangs on, in the order of the text."""

    words: list[WordOut]


class SpansOut(BaseModel):
    """The spans of a text, in order."""

    spans: list[SpanOut]


class ResultsOut(BaseModel):
    """One result a text, in order."""

    results: list[SpansOut]


class ViewOut(SpansOut):
    """The spans, and the text with its marks as HTML, escaped."""

    html: str


class ItemOut(BaseModel):
    """A claim on the list; ``number`` is the place of its text in the request, from 0."""

    number: int
    priority: float
    arithmetic: str
    span: SpanOut


class ItemsOut(BaseModel):
    """Claims, those to look at first in front."""

    items: list[ItemOut]


class TextsOut(BaseModel):
    """The texts of a document; ``column`` is the one of a table that they were taken from."""

    texts: list[str]
    column: str | None


class HealthOut(BaseModel):
    """How the service is."""

    status: Literal["ok"]
    version: str
    model: str
    workers: int
    waiting: int = Field(description="texts that no worker has taken yet")
    factchecks: bool = Field(description="whether there is an index to ask for")


class Problem(BaseModel):
    """Why a request was not answered: what came, and what is taken."""

    detail: str
