"""Work whose duration grows with the request, kept off the event loop, which serves all callers.

Small work stays on the loop: handing it to a thread costs more than doing it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Lane:
    """A few threads for one kind of work; at most that many large requests are worked on at once, and more wait."""

    def __init__(self, name: str, *, threads: int, inline: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        #: Up to this size, in the work's own unit, a job runs on the event loop.
        self.inline = inline

    async def run(self, size: int, job: Callable[[], Result]) -> Result:
        """Raises any error of the job."""
        if size <= self.inline:
            return job()
        return await asyncio.get_running_loop().run_in_executor(self.pool, job)


#: Bodies, by bytes. Two jobs at once at most: what reads JSON keeps the interpreter to itself.
reading = Lane("reading", threads=1, inline=32 * 2**10)
#: Texts to tokens, by characters: a millisecond's worth. Large texts are encoded without holding the interpreter.
tokenizing = Lane("tokenizing", threads=2, inline=4 * 2**10)
#: Answers, by log-probabilities, tokens or numbers in them.
writing = Lane("writing", threads=1, inline=2 * 2**10)
