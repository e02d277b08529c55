"""The HTTP service and its page (extra ``serve``): ``claimcheck serve``, or ``create_app`` under a server of yours."""

from claimcheck.serve.app import create_app
from claimcheck.serve.limits import Limits
from claimcheck.serve.service import Service

__all__ = ["Limits", "Service", "create_app"]
