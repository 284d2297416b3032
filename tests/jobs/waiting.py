"""Waiting until something is so, at most for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], Awaitable[bool]] | Callable[[], object], seconds: float = 30.0
) -> None:
    """Wait until `condition()`, awaited where it can be, is true. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if await result if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.02)
