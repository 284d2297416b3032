"""What a text from outside must be: bounded, and such that it can be stored exactly."""

from __future__ import annotations

from domain.kernel.errors import Fault


def check_text(path: str, value: str | None, *, most: int, required: bool = True) -> list[Fault]:
    """Return the faults of a text: absent, empty, too long, or not storable.

    Length is in Unicode characters. Everything else is kept exactly as it came: emoji, rare
    characters, right-to-left text. NUL and lone surrogates have no place in PostgreSQL's text.
    """
    if value is None or not value.strip():
        return [Fault(path, "must not be empty")] if required or value == "" else []
    if len(value) > most:
        return [Fault(path, f"must have at most {most} characters, has {len(value)}")]
    if "\x00" in value or any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        return [Fault(path, "contains characters that are not text")]
    return []
