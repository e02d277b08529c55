"""The HTTP service and its page (extra ``serve``): ``claimcheck serve``, or ``create_app`` under a server of yours."""

try:
    import fastapi  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"the service needs {error.name}, which is not installed: pip install 'claimcheck[serve]'"
    ) from error

from claimcheck.serve.app import create_app
from claimcheck.serve.limits import Limits
from claimcheck.serve.service import Service

__all__ = ["Limits", "Service", "create_app"]
