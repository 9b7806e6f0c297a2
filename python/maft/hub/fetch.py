"""Fetching one commit of a model repository: only what server and trainer read, and its terms."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import REGEX_COMMIT_HASH, repo_folder_name
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import filter_repo_objects

#: Weights as safetensors under the names that readers look for, configuration, tokenizer, terms; nothing in subfolders,
#: which hold the same weights again for other programs.
WANTED = ["model.safetensors", "model-*.safetensors", "*.json", "*.jinja", "tokenizer*", "*.model", "*.tiktoken"]
WANTED += ["merges.txt", "vocab*.txt", "README.md", "LICEN[CS]E*", "NOTICE*", "USE_POLICY*"]
LEFT_OUT = ["*/*", "*.bin.index.json"]

#: Errors that no earlier copy makes up for.
NAMED = (GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError)

Tell = Callable[..., None]


class Refused(Exception):
    """The model cannot be had; the message is one sentence that says what to do."""


def fetch(repository: str, revision: str | None, tell: Tell) -> Path:
    """The snapshot's folder, named by its commit. Without a revision: the newest commit, or offline the one last fetched.

    An interrupted download keeps its finished files; a broken connection goes on where it broke. Raises Refused.
    """
    if revision is not None and REGEX_COMMIT_HASH.fullmatch(revision) and (folder := cached(repository, revision)):
        return folder
    with refusals(repository, revision):
        try:
            info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=30)
            announce(info, tell)
            with progress(repository, tell):
                return Path(snapshot(repository, revision))
        except NAMED:
            raise
        except (HTTPError, OSError) as error:
            if (folder := cached(repository, revision)) is None:
                raise
            if not isinstance(error, OfflineModeIsEnabled):
                tell("offline", commit=folder.name, reason=reason_of(error))
            return folder


def fetch_config(repository: str, revision: str | None) -> dict[str, Any]:
    """The model's config.json, without the rest. Raises Refused."""
    with refusals(repository, revision):
        file = hf_hub_download(repository, "config.json", revision=revision, library_name="maft")
        return cast(dict[str, Any], json.loads(Path(file).read_text(encoding="utf-8")))


@contextmanager
def refusals(repository: str, revision: str | None) -> Generator[None]:
    """Turns what the Hub's client raises into one sentence."""
    try:
        yield
    except GatedRepoError as error:
        raise Refused(gated(repository)) from error
    except RepositoryNotFoundError as error:
        raise Refused(
            f'{constants.ENDPOINT} has no model "{repository}" that this machine may read: correct the name, or, if it is '
            "private, set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise Refused(f'{repository} has no revision "{revision}": name a branch, a tag or a commit') from error
    except (HTTPError, OSError) as error:
        raise Refused(unreachable(repository, revision, error)) from error


def snapshot(repository: str, revision: str | None, **options: Any) -> str:
    return snapshot_download(
        repository, revision=revision, allow_patterns=WANTED, ignore_patterns=LEFT_OUT, library_name="maft", **options
    )


def cached(repository: str, revision: str | None) -> Path | None:
    """The folder if the cache has all of it; asks nothing."""
    try:
        return Path(snapshot(repository, revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def announce(info: ModelInfo, tell: Tell) -> None:
    """Says what is about to be fetched, or refuses what could not be used."""
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    files = list(filter_repo_objects(sizes, allow_patterns=WANTED, ignore_patterns=LEFT_OUT))
    if not any(name.endswith(".safetensors") for name in files):
        raise Refused(f"{info.id} on the Hub holds no model*.safetensors, and other weights are never loaded")
    missing = [name for name in files if not is_cached(info, name)]
    size = sum(sizes[name] for name in missing)
    if size == 0:
        return
    tell(
        "found", commit=info.sha, license=license_of(info), bytes=size, files=len(missing), cache=constants.HF_HUB_CACHE
    )
    free = shutil.disk_usage(existing(Path(constants.HF_HUB_CACHE))).free
    if free < size:
        raise Refused(
            f"{info.id} takes {size / 1e9:.1f} GB, and the disk of {constants.HF_HUB_CACHE} has {free / 1e9:.1f} GB free: "
            "make room, or set HF_HOME to another disk"
        )


def is_cached(info: ModelInfo, name: str) -> bool:
    return isinstance(try_to_load_from_cache(info.id, name, revision=info.sha), str)


def license_of(info: ModelInfo) -> str | None:
    """As the model card names it."""
    card = info.card_data
    named = None if card is None else card.get("license_name") or card.get("license")
    tagged = (tag.removeprefix("license:") for tag in info.tags or [] if tag.startswith("license:"))
    return named or next(tagged, None)


def existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def gated(repository: str) -> str:
    return (
        f"{repository} is gated: accept its terms at {constants.ENDPOINT}/{repository} with your account, and set HF_TOKEN "
        "to a token of that account that may read it"
    )


def unreachable(repository: str, revision: str | None, error: Exception) -> str:
    what = f"{repository}{'' if revision is None else f'@{revision}'}"
    if constants.is_offline_mode():
        return (
            f"{what} is not whole in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE forbids to fetch it: unset it, or copy a "
            "machine's cache that has it there"
        )
    return (
        f"{what} could not be fetched from {constants.ENDPOINT}: {reason_of(error)}; the same command goes on with the "
        "files that are whole"
    )


def reason_of(error: Exception) -> str:
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        # What the client says of a missing copy hides why it needed one.
        return reason_of(error.__cause__)
    response = getattr(error, "response", None)
    if response is not None:
        refused = ", it does not accept the token (HF_TOKEN)" if response.status_code in (401, 403) else ""
        return f"it answered {response.status_code}{refused}"
    return str(error).strip().split("\n")[0] or type(error).__name__


@contextmanager
def progress(repository: str, tell: Tell) -> Generator[None]:
    """Tells once a second how many bytes have arrived, by what lies on the disk: that is true of every kind of transfer."""
    blobs = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model") / "blobs"
    before = bytes_in(blobs)
    done = Event()

    def watch() -> None:
        while not done.wait(1):
            tell("progress", bytes=max(0, bytes_in(blobs) - before))

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def bytes_in(folder: Path) -> int:
    sizes = 0
    for file in folder.glob("*"):
        try:
            sizes += file.stat().st_size
        except FileNotFoundError:
            # Renamed since it was listed.
            continue
    return sizes
