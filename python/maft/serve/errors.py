"""What a caller is told when a request cannot be served: one class per kind of trouble, all in OpenAI's JSON shape."""

from __future__ import annotations


class ServeError(Exception):
    """A request that ends in an HTTP error. `status` is final; nothing else about the server is affected."""

    status = 500
    kind = "server_error"

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        #: Seconds after which the same request may succeed; None if waiting does not help.
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        # A file's name in a message may hold bytes that are not text.
        message = self.message.encode("utf-8", "replace").decode()
        error = {"message": message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


class BadRequest(ServeError):
    """The request itself is wrong; `param` names the field. The caller changes it."""

    status = 400
    kind = "invalid_request_error"


class BodyTooLarge(BadRequest):
    """More bytes than are read. The caller sends less at a time."""

    status = 413


class NotJson(BadRequest):
    """The body is not declared as JSON: a form or plain text, which any web page may post. The caller sets the header."""

    status = 415

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"The body must be application/json (Content-Type), not {kind[:80] or 'without a type'}.",
            code="unsupported_media_type",
        )


class WrongHost(BadRequest):
    """The request is for another host. The operator names this one with --allow-host if it is right."""

    status = 421

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This server is not called {host[:200]!r}. Start it with --allow-host and that name if it should be.",
            code="wrong_host",
        )


class ModelNotFound(ServeError):
    """No folder of that name. Retry only if it is just being published."""

    status = 404
    kind = "invalid_request_error"

    def __init__(self, name: str) -> None:
        super().__init__(f"The model `{name}` does not exist.", code="model_not_found", param="model")


class Overloaded(ServeError):
    """More requests wait than the queue may hold. The caller waits `retry_after` seconds."""

    status = 429
    kind = "rate_limit_error"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="queue_full", retry_after=1)


class ShuttingDown(ServeError):
    """The server is stopping; another one may already be starting."""

    status = 503
    kind = "server_error"

    def __init__(self) -> None:
        super().__init__("The server is shutting down.", code="shutting_down", retry_after=2)


class BrokenModel(ServeError):
    """The folder exists but cannot be loaded (torn file, other base, pickled weights). Its publisher fixes it."""

    status = 500
    kind = "server_error"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The model `{name}` cannot be loaded: {reason}", code="model_broken", param="model")


class ChangedModel(ServeError):
    """Files of a published version have changed since. A person restores them. The long `retry_after` makes a run pause at
    once and show the message, instead of reading gigabytes again every few seconds."""

    status = 503

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The model `{name}` is not served: {reason}", code="model_changed", param="model", retry_after=3600
        )


class NoMemory(ServeError):
    """Memory ran out. Idle versions, if any, were dropped, so the same request may fit now or later."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message, code="no_memory", retry_after=5)


class NotFinite(ServeError):
    """The weights give logits that are not finite: a failed training, or too narrow a precision. A retry would give the same,
    so this ends the request and is not a 5xx, which would ask for a retry."""

    status = 422

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The model `{name}` gives no numbers: the model's logits are not finite.",
            code="model_broken",
            param="model",
        )


class NoSuchModelFolder(Exception):
    """The folder given on the command line is not a model. The user gives another one (exit code 2)."""


class BaseTooLarge(Exception):
    """Memory ran out while the base was loaded. The user frees some or gives a smaller model (exit code 1)."""


class CannotListen(Exception):
    """The address or port cannot be bound. The user gives another one (exit code 1)."""
