"""Labelled data: read, validate, write, look over and split. Formats of others are in ``formats``."""

from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.labels import Labels
from claimcheck.examples.lint import Report, lint
from claimcheck.examples.near import fold_text
from claimcheck.examples.reading import FORMATS, read_examples, write_examples
from claimcheck.examples.records import DataError, Example, Finding, LabelledSpan, Place
from claimcheck.examples.split import split

__all__ = [
    "FORMATS",
    "DataError",
    "Example",
    "Fields",
    "Finding",
    "LabelledSpan",
    "Labels",
    "Place",
    "Report",
    "fold_text",
    "lint",
    "read_examples",
    "split",
    "write_examples",
]
