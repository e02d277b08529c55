"""ClaimReview stubs: claims as JSON-LD that a fact-checker fills in and publishes (https://schema.org/ClaimReview)."""

from __future__ import annotations

from typing import Any

from claimcheck.span import Span
from claimcheck.voice import Kind

TODO = "TODO"  # what only the fact-checker knows


def claim_review(span: Span, appearance: str | None = None) -> dict[str, Any]:
    """One claim as a ClaimReview without a verdict; what is to be filled in says ``TODO``.

    Args:
        span: the claim; who said it is taken from its frame, unless that names nobody.
        appearance: where it was found: a URL, or any name of the place.
    """
    claim: dict[str, Any] = {"@type": "Claim", "name": span.text}
    frame = span.attribution
    if frame and frame.speaker and frame.kind in (Kind.NAMED, Kind.ROLE, Kind.DOCUMENT):
        person = frame.kind in (Kind.NAMED, Kind.ROLE)
        claim["author"] = {"@type": "Person" if person else "Thing", "name": frame.speaker.text}
    if appearance:
        where = "url" if "://" in appearance else "name"
        claim["appearance"] = {"@type": "CreativeWork", where: appearance}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "claimReviewed": span.text,
        "inLanguage": "fa",
        "itemReviewed": claim,
        "author": {"@type": "Organization", "name": TODO},
        "reviewRating": {"@type": "Rating", "alternateName": TODO},
        "url": f"https://example.org/{TODO}",
    }
