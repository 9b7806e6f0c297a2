"""python -m maft.hub OWNER/NAME[@REVISION]: the folder of a model in the Hub's cache, fetched first if it is not there.

With `--config`, only its config.json is fetched, and the event `config` holds it.

Events as JSON lines on stdout: `found` before a download (commit, licence, bytes), `progress` during it, `folder` at the end.
Exit code 0, or 2 with one sentence on stderr. HF_HOME, HF_HUB_OFFLINE, HF_ENDPOINT and HF_TOKEN mean what they mean to
huggingface_hub.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any


def tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def main(names: list[str]) -> int:
    # Read by huggingface_hub when it is imported; its own bars and warnings would mix with the events.
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_VERBOSITY="error")
    warnings.simplefilter("ignore")
    try:
        from maft.hub.fetch import Refused, fetch, fetch_config
    except ImportError as error:
        print(f"models of the Hub need the huggingface_hub of python/requirements.txt: {error}", file=sys.stderr)
        return 2
    repository, _, revision = names[-1].partition("@")
    try:
        if names[0] == "--config":
            tell("config", config=fetch_config(repository, revision or None))
            return 0
        folder = fetch(repository, revision or None, tell)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    tell("folder", folder=str(folder), commit=folder.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
