"""What callers are told."""

from __future__ import annotations

from pydantic_core import to_json

from maft.serve.errors import ServeError


def test_a_message_with_bytes_that_are_no_text_can_be_answered() -> None:
    name = b"weights-\xff".decode("utf-8", "surrogateescape")
    assert b"weights-?" in to_json(ServeError(f"{name} cannot be read").body())
