"""Fetching one commit of a model repository: only what server and trainer read, and its terms."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import REGEX_COMMIT_HASH, repo_folder_name
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import filter_repo_objects

from maft.model_folder.errors import UnusableFolder
from maft.model_folder.vocabulary import TOKENIZERS
from maft.model_folder.weight_files import read_json, stored_tensors

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
                folder = Path(snapshot(repository, revision))
            refuse_torn(repository, folder)
            return folder
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
        try:
            file = hf_hub_download(repository, "config.json", revision=revision, library_name="maft")
        except RemoteEntryNotFoundError as error:
            raise Refused(without_config(repository)) from error
    try:
        return read_json(Path(file).parent, "config.json")
    except UnusableFolder as error:
        raise Refused(f"{repository} on the Hub cannot be used: {error}") from error


@contextmanager
def refusals(repository: str, revision: str | None) -> Generator[None]:
    """Turns what the Hub's client raises into one sentence."""
    try:
        yield
    except GatedRepoError as error:
        raise Refused(gated(repository)) from error
    except RepositoryNotFoundError as error:
        raise Refused(
            f'{endpoint()} has no model "{repository}" that this machine may read: correct the name, or, if it is '
            "private, set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise Refused(f'{repository} has no revision "{revision}": name a branch, a tag or a commit') from error
    except HFValidationError as error:
        raise Refused(f'"{repository}" cannot be a name of the Hub: {error}') from error
    except UnicodeEncodeError as error:
        # Headers are ASCII. The error's own text must stay unsaid: it may quote what could not be encoded.
        raise Refused("the token of the Hub (HF_TOKEN) has a character that no token has: copy it again") from error
    except (HTTPError, OSError) as error:
        raise Refused(unreachable(repository, revision, error)) from error


def snapshot(repository: str, revision: str | None, **options: Any) -> str:
    return snapshot_download(
        repository, revision=revision, allow_patterns=WANTED, ignore_patterns=LEFT_OUT, library_name="maft", **options
    )


def cached(repository: str, revision: str | None) -> Path | None:
    """The folder if the cache has all of it; asks nothing."""
    try:
        folder = Path(snapshot(repository, revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if flaw_of(folder) is None else None


def flaw_of(folder: Path) -> str | None:
    """Why readers would refuse it. The client takes a folder as whole if it never listed the commit's files, and looks at no
    file's size, so a cache that another client left half-way, or that was copied in part, passes there."""
    try:
        read_json(folder, "config.json")
        stored_tensors(folder)
    except (UnusableFolder, OSError) as error:
        return str(error)
    return None


def refuse_torn(repository: str, folder: Path) -> None:
    """The client keeps files that are there, so only their removal has them fetched again."""
    if (flaw := flaw_of(folder)) is not None:
        raise Refused(
            f"{repository} in {folder} cannot be used: {flaw}. If it is whole on the Hub, delete {folder.parents[1]} and "
            "start again: it is then fetched again"
        )


def announce(info: ModelInfo, tell: Tell) -> None:
    """Says what is about to be fetched, or refuses what could not be used."""
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    files = list(filter_repo_objects(sizes, allow_patterns=WANTED, ignore_patterns=LEFT_OUT))
    refuse_unusable(info.id, files)
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


def refuse_unusable(repository: str, files: list[str]) -> None:
    """Before gigabytes are fetched that no reader would take."""
    if not any(name.endswith(".safetensors") for name in files):
        raise Refused(f"{repository} on the Hub holds no model*.safetensors, and other weights are never loaded")
    if "config.json" not in files:
        raise Refused(without_config(repository))
    if not any(name in files for name in TOKENIZERS):
        raise Refused(
            f"{repository} on the Hub has no tokenizer: name the model that it was made from, or one that has it"
        )


def is_cached(info: ModelInfo, name: str) -> bool:
    return isinstance(try_to_load_from_cache(info.id, name, revision=info.sha), str)


def license_of(info: ModelInfo) -> str | None:
    """As the model card names it; a card may name several."""
    card = info.card_data
    named = None if card is None else card.get("license_name") or card.get("license")
    if isinstance(named, list):
        return ", ".join(map(str, named))
    tagged = (tag.removeprefix("license:") for tag in info.tags or [] if tag.startswith("license:"))
    return str(named) if named else next(tagged, None)


def existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def without_config(repository: str) -> str:
    return f"{repository} on the Hub has no config.json: name a model in the form of Transformers"


def endpoint() -> str:
    """HF_ENDPOINT to be shown: it may hold a user and a password, which logs must not."""
    address = urlsplit(constants.ENDPOINT)
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()


def gated(repository: str) -> str:
    return (
        f"{repository} is gated: accept its terms at {endpoint()}/{repository} with your account, and set HF_TOKEN "
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
        f"{what} could not be fetched from {endpoint()}: {reason_of(error)}; the same command goes on with the "
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
