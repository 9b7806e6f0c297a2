"""Why a folder cannot be used."""

from __future__ import annotations


class UnusableFolder(ValueError):
    """Files of a model folder are missing, torn or contradict each other. The message starts with "it" for the folder, which
    the caller names; its owner fixes it."""


class ChangedFiles(Exception):
    """Files of a published folder are not those that its publisher recorded. Only a person can restore them."""
