"""Errors whose cause the user can remove."""


class TinyModelError(Exception):
    """Folders or checkpoints are not as asked; the message says what to do. The same call fails again."""


class RecipeMismatch(TinyModelError):
    """The work folder belongs to another recipe or seed."""


class FolderTaken(TinyModelError):
    """The output folder exists already and is not empty; nothing was written."""


class BrokenCheckpoint(TinyModelError):
    """A checkpoint cannot be read; the message names the file."""


class NotAModel(TinyModelError):
    """The folder to evaluate holds no model."""


class NoCheckpoint(TinyModelError):
    """The work folder holds no checkpoint."""


class GateFailed(TinyModelError):
    """A finished model lacks what a debate needs; it was not published, its checkpoint is still there."""
