"""四级响应: how urgent a ticket is, and why (rules: Clocks, S; the lists are profile data)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from domain.kernel.profile import Profile
from domain.kernel.vocabulary import ResponseLevel, TicketKind

_END_OF_TITLE = "。"  # so that no word is found across title and content


def response_level(
    profile: Profile,
    *,
    kind: TicketKind,
    category_code: str | None,
    title: str,
    content: str,
    by_catalogue: tuple[ResponseLevel, str] | None = None,
) -> tuple[ResponseLevel, str]:
    """Return the level of a ticket and a Chinese sentence with the reason, for the agent.

    An emergency word makes L1, whatever else is said; else the entry of the catalogue decides,
    where it gives a level (`by_catalogue`, with its reason); else the longest matching prefix of
    the category code; else the kind; else the default of the city. Never raises, whatever the text
    holds.
    """
    response = profile.response
    if kind in response.emergency_kinds:
        word = emergency_word(profile, f"{title}{_END_OF_TITLE}{content}")
        if word is not None:
            return ResponseLevel.L1, f"内容含紧急情形“{word}”，定为一级响应"
    if by_catalogue is not None:
        return by_catalogue
    if category_code is not None:
        prefix = _longest_prefix(category_code, response.by_category)
        if prefix is not None:
            return response.by_category[prefix], f"分类属于{prefix}"
    if kind in response.by_kind:
        return response.by_kind[kind], f"诉求类型为{kind.value}"
    return response.default, "未列入特别规定，按一般诉求"


def emergency_word(profile: Profile, text: str) -> str | None:
    """Return the first emergency wording in the text as it stands there, or None.

    Width variants and white space make no difference; what is only supposed (如果, 一旦) and the
    city's exceptions (信息爆炸) do not count.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    for match in profile.response.emergency_pattern.finditer(plain):
        if (word := match["word"]) is not None:
            return word
    return None


def _longest_prefix(code: str, prefixes: Iterable[str]) -> str | None:
    fitting = [prefix for prefix in prefixes if f"{code}.".startswith(f"{prefix}.")]
    return max(fitting, key=len, default=None)
