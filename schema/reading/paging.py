"""The arguments of pages that go forward only, said once."""

from __future__ import annotations

from typing import Annotated

import strawberry

First = Annotated[int | None, strawberry.argument(description="1 to 100; 20 by default (条数).")]
After = Annotated[
    str | None, strawberry.argument(description="Cursor of the row before the page (游标).")
]
