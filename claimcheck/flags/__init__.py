"""What looks like misinformation: claims that were checked already, rumour cues."""

from claimcheck.flags.matching import FactChecks

__all__ = ["FactChecks"]
