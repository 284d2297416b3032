"""Bounds on the text of a document, checked token by token before it is parsed."""

from __future__ import annotations

import re
from typing import Final

from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind

from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits

__all__ = ["check_characters", "check_text"]

OPENING: Final = frozenset({TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L})
CLOSING: Final = frozenset({TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R})
STRINGS: Final = frozenset({TokenKind.STRING, TokenKind.BLOCK_STRING})
# PostgreSQL stores neither, and UTF-8 cannot write the second.
FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff]")


def check_characters(text: str) -> None:
    """Refuse NUL and lone surrogates.

    Raises LimitExceeded: INVALID_TEXT.
    """
    if FORBIDDEN.search(text):
        message = "The request contains a NUL character or half of a surrogate pair."
        raise LimitExceeded(message, code=LimitCode.INVALID_TEXT, limit=0)


def check_text(text: str, limits: Limits) -> None:
    """Bound the length, tokens, bracket nesting and string literals of a document's text.

    One pass, linear, without recursion. After it `graphql.parse` cannot run out of stack. A text
    that is no GraphQL passes here as far as it can be read, so that the parser may say where it
    fails; the parser reads no further than this did.

    Raises LimitExceeded: DOCUMENT_EXCEEDED, TOKENS_EXCEEDED, NESTING_EXCEEDED, STRING_EXCEEDED,
    INVALID_TEXT.
    """
    if len(text) > limits.document_length:
        message = f"The document is longer than {limits.document_length} characters."
        raise LimitExceeded(message, code=LimitCode.DOCUMENT_EXCEEDED, limit=limits.document_length)
    check_characters(text)
    lexer = Lexer(Source(text))
    tokens = nesting = position = 0
    while True:
        try:
            # Not advance(), which would run through any number of comments before it returns.
            token = lexer.read_next_token(position)
        except GraphQLSyntaxError:
            return
        kind = token.kind
        if kind is TokenKind.EOF:
            return
        position = token.end
        tokens += 1
        if tokens > limits.tokens:
            message = f"The document has more than {limits.tokens} tokens."
            raise LimitExceeded(message, code=LimitCode.TOKENS_EXCEEDED, limit=limits.tokens)
        if kind in OPENING:
            nesting += 1
            if nesting > limits.nesting:
                message = f"The document nests brackets more than {limits.nesting} deep."
                raise LimitExceeded(message, code=LimitCode.NESTING_EXCEEDED, limit=limits.nesting)
        elif kind in CLOSING:
            nesting -= 1
        elif kind in STRINGS:
            check_literal(token.value or "", limits)


def check_literal(value: str, limits: Limits) -> None:
    """Bound a string, as the lexer reads it, by length and characters.

    Raises LimitExceeded: STRING_EXCEEDED, INVALID_TEXT.
    """
    if len(value) > limits.string_length:
        message = f"A text is longer than {limits.string_length} characters."
        raise LimitExceeded(message, code=LimitCode.STRING_EXCEEDED, limit=limits.string_length)
    check_characters(value)
