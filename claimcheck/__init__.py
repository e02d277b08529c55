"""Claims, opinions and calls to action in raw Persian text: ``from claimcheck import analyze``."""

from claimcheck.api import analyze, analyze_many, load
from claimcheck.sentences import split_sentences
from claimcheck.span import Attribution, Label, Span
from claimcheck.view import View

__all__ = ["Attribution", "Label", "Span", "View", "analyze", "analyze_many", "load", "split_sentences"]
