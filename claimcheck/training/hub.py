"""Models of the Hugging Face hub, fetched into its own cache; weights as safetensors alone.

Older models, ParsBERT perhaps among them, hold a pickle only. Of those the copy is taken that the hub's own
converter has proposed to them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from claimcheck.runtime import ModelError

_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_CONVERTER = "SFconvertbot"  # the account of the hub's converter; nobody else's proposal is looked at


def fetch(name: str) -> Path:
    """The hub's snapshot of a model id, as a folder; the one fetched before where the hub is not reached.

    Raises:
        FileNotFoundError: ``name`` is neither a folder nor an id.
        ModelError: the hub does not give it, or only as a pickle.
    """
    if name.startswith((".", "/")) or name.count("/") > 1:
        raise FileNotFoundError(f"no encoder at {name!r}: neither a folder nor an id of the hub (owner/name)")
    import huggingface_hub as hub

    try:
        revision = None if _safe(_files(name)) else _converted(name)
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=_FILES))
    except Exception as error:  # what a broken connection raises hangs on the hub's HTTP client
        if before := _fetched_before(name):
            return before
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"{name!r} is no folder here, and the hub did not give it ({str(error)[:200]}); "
            "download it elsewhere and name its folder"
        ) from error


def _files(name: str, revision: str | None = None) -> list[str]:
    """By one request: the hub's own listing of files tries for half a minute where there is no network."""
    import huggingface_hub as hub

    siblings = hub.model_info(name, revision=revision, timeout=20).siblings or []
    return [sibling.rfilename for sibling in siblings]


def _safe(files: list[str]) -> bool:
    return any(file.endswith(".safetensors") for file in files)


def _converted(name: str) -> str:
    """The revision of a hub model at which its converter's proposal stands."""
    import huggingface_hub as hub

    proposals = hub.HfApi().get_repo_discussions(
        name, author=_CONVERTER, discussion_type="pull_request", discussion_status="open"
    )
    for proposal in proposals:
        revision = f"refs/pr/{proposal.num}"
        if _safe(_files(name, revision)):
            return revision
    raise ModelError(
        f"{name} keeps its weights as a pickle alone, which can hold any program and is not opened. Have the hub "
        "convert it (https://huggingface.co/spaces/safetensors/convert), or name a folder with model.safetensors"
    )


def _fetched_before(name: str) -> Path | None:
    import huggingface_hub as hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    cache = Path(hub.constants.HF_HUB_CACHE, f"models--{name.replace('/', '--')}")
    proposals = (cache / "refs" / "refs" / "pr").glob("*")
    revisions: list[dict[str, Any]] = [{}, *({"revision": f"refs/pr/{path.name}"} for path in proposals)]
    for revision in revisions:
        with suppress(LocalEntryNotFoundError):
            folder = Path(str(hub.snapshot_download(name, local_files_only=True, **revision)))
            if _safe([path.name for path in folder.iterdir()]):
                return folder
    return None
