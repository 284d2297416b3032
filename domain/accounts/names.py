"""Names of people: the written form, and the form that may be shown."""

from __future__ import annotations

import unicodedata
from typing import Final

from domain.kernel.errors import Fault, InvalidInput

LONGEST_NAME: Final = 60
_HIDDEN: Final = "**"
# 复姓: shown whole, since the first character alone would be another surname.
_COMPOUND_SURNAMES: Final = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 "
    "濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 "
    "公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 "
    "微生 梁丘 左丘 东门 西门 南荣 第五 贺兰 完颜 耶律 纳兰"
)
_COMPOUND: Final = frozenset(_COMPOUND_SURNAMES.split())


def read_name(text: str, path: str = "name") -> str:
    """Return the name without outer blanks, inner ones single.

    Raises InvalidInput naming `path` where it is empty, too long or holds control characters.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not name:
        raise InvalidInput(Fault(path, "must not be empty"))
    if len(name) > LONGEST_NAME:
        raise InvalidInput(Fault(path, f"must not be longer than {LONGEST_NAME} characters"))
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InvalidInput(Fault(path, "holds characters that cannot be written"))
    return name


def mask_name(name: str) -> str:
    """Return the surname and two stars: `张**`, `欧阳**`; of other names the first character.

    A name that is nothing but a compound surname shows its first character only.
    """
    surname = name[:2] if name[:2] in _COMPOUND and len(name) > 2 else name[:1]
    return surname + _HIDDEN
