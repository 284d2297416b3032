"""Documents made ready once: parsed, checked, validated, their costs and reads compiled."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import orjson
from graphql import DocumentNode, OperationDefinitionNode, OperationType
from graphql.execution.collect_fields import FragmentDetails


class PreparedRead(Protocol):
    """One query operation, compiled."""

    async def run(
        self, variables: dict[str, Any], context: Any
    ) -> tuple[list[tuple[str, bytes]], list[Exception]]:
        """Return the root fields in order, as response key and finished JSON, and the errors.

        `variables` are coerced. A root field that failed is `b"null"` among the pairs and has its
        error, with a path, in the list. What is raised instead of returned fails the operation.
        """
        ...


class CompiledReads(Protocol):
    """What turns query operations into SQL (schema/reading)."""

    def prepare(
        self, prepared: PreparedDocument, operation: OperationDefinitionNode
    ) -> PreparedRead | None:
        """Return the compiled operation, or None where the executor must run it."""
        ...


@dataclass(slots=True)
class PreparedOperation:
    """One operation of a valid document and what can be known of it before any request."""

    document: PreparedDocument
    node: OperationDefinitionNode
    name: str | None
    kind: OperationType
    takes_variables: bool
    cost: Callable[[Mapping[str, Any]], int]
    read: PreparedRead | None = None
    plain: Callable[[Mapping[str, Any]], dict[str, Any] | None] | None = None  # compiled reads only


@dataclass(slots=True)
class PreparedDocument:
    """A valid document. `operations` is keyed by name; the anonymous one by None."""

    text: str
    node: DocumentNode
    fragments: dict[str, FragmentDetails] = field(default_factory=dict)
    operations: dict[str | None, PreparedOperation] = field(default_factory=dict)

    def operation(self, name: str | None) -> PreparedOperation | None:
        """Return the operation to execute (GetOperation), or None where it is not determined."""
        if name is None:
            if len(self.operations) != 1:
                return None
            return next(iter(self.operations.values()))
        return self.operations.get(name)


class DocumentCache:
    """The documents used last, bounded in number and in characters of text.

    Keyed by the text itself: hashing a string costs less than anything that could be gained by
    hashing a syntax tree.
    """

    def __init__(self, *, documents: int, characters: int) -> None:
        self._bound = documents
        self._characters_bound = characters
        self._characters = 0
        self._documents: OrderedDict[str, PreparedDocument] = OrderedDict()

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, text: str) -> PreparedDocument | None:
        """Return the document and mark it as used, or None."""
        found = self._documents.get(text)
        if found is not None:
            self._documents.move_to_end(text)
        return found

    def put(self, document: PreparedDocument) -> None:
        """Keep a document, letting go of those unused for longest."""
        size = len(document.text)
        if size > self._characters_bound or document.text in self._documents:
            return
        self._documents[document.text] = document
        self._characters += size
        while len(self._documents) > self._bound or self._characters > self._characters_bound:
            text, _ = self._documents.popitem(last=False)
            self._characters -= len(text)


def document_id(text: str) -> str:
    """Return the identifier of a document: `sha256:` and the hexadecimal hash of its UTF-8 text.

    As the persisted documents appendix of GraphQL over HTTP writes it.
    """
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class TrustedDocuments:
    """The documents that clients registered when they were built, by id.

    `required` tells of a context whether its caller may send nothing else.
    """

    def __init__(
        self, texts: Mapping[str, str], *, required: Callable[[Any], bool] = lambda _: False
    ) -> None:
        self._texts = dict(texts)
        self._known = frozenset(self._texts.values())
        self.required = required

    @classmethod
    def from_manifest(
        cls, manifest: bytes, *, required: Callable[[Any], bool] = lambda _: False
    ) -> Self:
        """Read a JSON object of id → text. Raises ValueError where an id is not its text's."""
        texts = orjson.loads(manifest)
        if not isinstance(texts, dict):
            raise ValueError("a manifest of trusted documents is one JSON object")
        for identifier, text in texts.items():
            if not isinstance(text, str):
                raise ValueError(f"the document {identifier} is not a string")
            if identifier.startswith("sha256:") and identifier != document_id(text):
                raise ValueError(f"the document {identifier} is not the text of its hash")
        return cls(texts, required=required)

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def text(self, identifier: str) -> str | None:
        """Return the document of that id, or None."""
        return self._texts.get(identifier)
