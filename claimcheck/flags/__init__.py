"""What looks like misinformation: claims that were checked already, rumour cues."""

from claimcheck.flags.cues import Cue, attach, find_cues
from claimcheck.flags.matching import FactChecks

__all__ = ["Cue", "FactChecks", "attach", "find_cues"]
