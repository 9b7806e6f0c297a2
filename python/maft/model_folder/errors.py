"""Why a folder cannot be used."""

from __future__ import annotations


class UnusableFolder(ValueError):
    """Files of a model folder are missing, torn or contradict each other. The message starts with "it" for the folder, which
    the caller names; its owner mends it."""


class ChangedFiles(Exception):
    """Files of a published folder are not those that its publisher recorded. A person restores them, nothing else helps."""
