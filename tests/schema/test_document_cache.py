"""The cache of documents stays within its bounds and keeps what is used."""

from __future__ import annotations

from collections import OrderedDict

import pytest
from graphql import DocumentNode, GraphQLSyntaxError
from hypothesis import given
from hypothesis import strategies as st

from schema.documents import DocumentCache, PreparedDocument
from schema.preparation import InvalidDocument
from tests.support.toy import toy_preparation

TEXTS = st.sampled_from([letter * length for letter in "abcdef" for length in (1, 3, 6, 11)])


@given(st.lists(TEXTS, max_size=60))
def test_it_is_a_bounded_cache_of_those_used_last(texts: list[str]) -> None:
    cache = DocumentCache(documents=4, characters=10)
    model: OrderedDict[str, PreparedDocument] = OrderedDict()
    for text in texts:
        found = cache.get(text)
        assert found is model.get(text)
        if found is not None:
            model.move_to_end(text)
            continue
        document = PreparedDocument(text, DocumentNode(definitions=()))
        cache.put(document)
        if len(text) <= 10:
            model[text] = document
            while len(model) > 4 or sum(map(len, model)) > 10:
                model.popitem(last=False)
        assert len(cache) == len(model)


def test_a_document_is_prepared_once_and_a_bad_one_is_not_kept() -> None:
    preparation = toy_preparation()
    assert preparation.document("{ hello }") is preparation.document("{ hello }")
    with pytest.raises(GraphQLSyntaxError):
        preparation.document("{")
    with pytest.raises(InvalidDocument):
        preparation.document("{ nope }")
    assert len(preparation._cache) == 1
