"""Batch scoring: files in, files out, and no row lost."""

from claimcheck.scoring.readers import InputOptions
from claimcheck.scoring.rows import InputError, Row
from claimcheck.scoring.score import Summary, score
from claimcheck.scoring.writers import OutputOptions

__all__ = ["InputError", "InputOptions", "OutputOptions", "Row", "Summary", "score"]
