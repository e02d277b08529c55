"""A spaCy component (extra ``spacy``): ``nlp.add_pipe("claimcheck")`` puts our spans into ``doc.spans["claimcheck"]``.

spaCy's spans are made of its tokens. Ours begin and end at words, where its tokens do too almost always; where
one of ours ends inside a token, spaCy's span is the smallest that holds it, and ``span._.claimcheck`` still has our
own offsets (code points, as spaCy counts). ``spacy.displacy.render(doc, style="span", options={"spans_key":
"claimcheck"})`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

try:
    from spacy.language import Language
    from spacy.tokens import Doc, Span
except ImportError as error:
    raise ImportError("this component needs spaCy: pip install 'claimcheck[spacy]'") from error

from claimcheck.api import analyze_many

COLOURS = {"claim": "#98c6f9", "opinion": "#fdeec2", "call_to_action": "#fce0ee"}


@dataclass
class ClaimSpans:
    """The component.

    Args:
        model: a model folder, ``None`` for the embedded one.
        spans_key: under which name in ``doc.spans``.
        min_confidence: leave out spans below it.
        cues: flag claims with rumour cues.
    """

    model: str | None = None
    spans_key: str = "claimcheck"
    min_confidence: float = 0.0
    cues: bool = False

    def __call__(self, doc: Doc) -> Doc:
        """One document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Many, in order, some at a time."""
        waiting = iter(stream)
        while docs := list(islice(waiting, batch_size)):
            found = analyze_many(
                [doc.text for doc in docs],
                model=self.model,
                min_confidence=self.min_confidence,
                cues=self.cues,
            )
            for doc, spans in zip(docs, found, strict=True):
                held = []
                for span in spans:
                    one = doc.char_span(span.start, span.end, span.label.value, alignment_mode="expand")
                    assert one is not None  # expanded, it cannot miss
                    one._.claimcheck = span.to_dict()
                    held.append(one)
                doc.spans[self.spans_key] = held
                yield doc


@Language.factory(
    "claimcheck",
    default_config=asdict(ClaimSpans()),
    assigns=["doc.spans", "span._.claimcheck"],
)
def make(
    nlp: Language, name: str, model: str | None, spans_key: str, min_confidence: float, cues: bool
) -> ClaimSpans:
    """The component as ``nlp.add_pipe("claimcheck", config={…})`` makes it."""
    return ClaimSpans(model, spans_key, min_confidence, cues)


def _field(name: str) -> Any:
    return lambda span: (span._.claimcheck or {}).get(name)


def _attribution(span: Span) -> Span | None:
    """The frame the span stands under, as a span of spaCy's."""
    frame = (span._.claimcheck or {}).get("attribution")
    if frame is None:
        return None
    return span.doc.char_span(frame["start"], frame["end"], "attribution", alignment_mode="expand")


# plain types, which spaCy can serialise: what analyze said (Span.to_dict), and its fields
Span.set_extension("claimcheck", default=None, force=True)
for _name in ("confidence", "check_worthiness", "flags"):
    Span.set_extension(_name, getter=_field(_name), force=True)
Span.set_extension("attribution", getter=_attribution, force=True)
