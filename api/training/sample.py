"""The sample of the shipped model: our own sentences, and what the catalogue's words give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from api.training.examples import Example
from domain.kernel.seeding import shipped_rows

# What stands in every complaint is put into all categories alike, so that it speaks for none.
_PLACES = ("小区里", "我家", "我们村", "街边", "单位附近", "这一片", "楼下", "学校旁边")
_PLEAS = (
    "希望有关部门尽快处理", "反映多次没有结果", "请相关部门核实", "打了很多次电话没人管",
    "恳请领导关注", "什么时候能解决", "请问该找哪个部门", "麻烦派人来看看", "影响居民正常生活",
)  # fmt: skip
_OPENINGS = ("您好，", "", "尊敬的领导，", "我想反映", "来电人称", "", "请问", "市民反映")


def written_sample() -> Iterator[Example]:
    """Complaints as people write them, two or more for every category of the lowest level."""
    paths = ("classification_sample.csv", "beijing/sample_complaints.csv")
    for path in (*paths, "jinan/sample_complaints.csv"):
        for row in shipped_rows(path):
            yield Example(row["title"], row["content"], row["category"])


def catalogue_sample() -> Iterator[Example]:
    """Each keyword of a category, and its name, in sentences; the words of its parent with it."""
    rows = {row["code"]: row for row in shipped_rows("categories.csv")}
    parents = {row["parent_code"] for row in rows.values()}
    places, pleas, openings = cycle(_PLACES), cycle(_PLEAS), cycle(_OPENINGS)
    for code, row in rows.items():
        if code in parents:
            continue
        name, above = row["name"], rows[row["parent_code"]]
        for word in row["keywords"].split("|"):
            plea = f"{next(places)}{word}，{next(pleas)}。"
            yield Example(word, f"{next(openings)}{plea}", code)
            yield Example(f"{above['name']}{word}", f"{next(openings)}{next(places)}{word}", code)
        yield Example(name, f"{next(openings)}{next(places)}{name}的问题，{next(pleas)}。", code)
        for word in above["keywords"].split("|"):
            yield Example(f"{word}{name}", f"{next(openings)}{word}{name}，{next(pleas)}。", code)
