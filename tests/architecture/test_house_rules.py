"""Rules of this house that no linter knows; each is seen to fail on a planted violation."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.engines import ROOT

PACKAGES = ("api", "schema", "domain", "channels", "jobs")
LONGEST_FILE = 400
NAMELESS = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"}
UNIT_OF_WORK = "domain/kernel/database.py"
CLOCK = "domain/kernel/clock.py"
# They hand the environment on to the processes that they start.
ENTRY_POINTS = {"api/command/run.py", "api/engines/forked.py"}


def modules(root: Path, *folders: str) -> Iterator[tuple[str, Path]]:
    """Yield (path from the root, path) of every module under the folders."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root).as_posix(), path


def nodes(root: Path, *folders: str) -> Iterator[tuple[str, ast.AST]]:
    for name, path in modules(root, *folders):
        for node in parsed(path.read_text()):
            yield name, node


@cache
def parsed(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


def called(node: ast.AST) -> str:
    """Return the last name of what is called, e.g. `commit` for `session.commit()`; else ''."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
        case _:
            return ""


def only_the_unit_of_work_commits(root: Path) -> list[str]:
    return [
        name
        for name, node in nodes(root, *PACKAGES)
        if called(node) == "commit" and name != UNIT_OF_WORK
    ]


def files_are_short(root: Path) -> list[str]:
    return [
        name
        for name, path in modules(root, *PACKAGES, "tests", "bench")
        if len(path.read_text().splitlines()) > LONGEST_FILE
    ]


def every_room_has_a_name(root: Path) -> list[str]:
    return [
        name
        for name, path in modules(root, *PACKAGES, "tests", "bench")
        if {path.stem, *path.relative_to(root).parts} & NAMELESS
    ]


def resolvers_hold_no_select(root: Path) -> list[str]:
    """What a resolver asks for stands in the domain; declarations for the planner are none.

    A resolver waits (`async def`) or takes `info`; a declaration does neither.
    """

    def resolves(node: ast.AST) -> bool:
        match node:
            case ast.AsyncFunctionDef():
                return True
            case ast.FunctionDef(args=ast.arguments(args=arguments)):
                return any(argument.arg == "info" for argument in arguments)
            case _:
                return False

    return [
        name
        for name, node in nodes(root, "schema")
        if resolves(node) and any(called(inner) == "select" for inner in ast.walk(node))
    ]


def the_environment_is_read_at_the_entry(root: Path) -> list[str]:
    def reads(node: ast.AST) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv"):
                return True
            case ast.ImportFrom(module="os", names=names):
                return any(alias.name in {"environ", "environb", "getenv"} for alias in names)
            case _:
                return False

    return [
        name for name, node in nodes(root, *PACKAGES) if reads(node) and name not in ENTRY_POINTS
    ]


def the_domain_asks_its_clock(root: Path) -> list[str]:
    def asks_the_wall(node: ast.AST) -> bool:
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id="datetime" | "date" | "time"),
                    attr="now" | "utcnow" | "today" | "time" | "time_ns",
                )
            ):
                return True
            case _:
                return False

    return [name for name, node in nodes(root, "domain") if asks_the_wall(node) and name != CLOCK]


class Rule(NamedTuple):
    """A rule, a module that breaks it, and one that looks alike and is fine."""

    guard: Callable[[Path], list[str]]
    where: str
    broken: str
    fine: str


RULES = (
    Rule(
        only_the_unit_of_work_commits,
        "domain/tickets/planted.py",
        "async def f(work):\n    await work.session.commit()\n",
        "def f():\n    '''Never calls session.commit().'''\n    committed = 1\n",
    ),
    Rule(only_the_unit_of_work_commits, "jobs/planted.py", "connection.commit()\n", "x = 1\n"),
    Rule(files_are_short, "api/planted.py", "x = 1\n" * 401, "x = 1\n" * 400),
    Rule(
        resolvers_hold_no_select,
        "schema/planted.py",
        "async def f(self):\n    return await g(select(Ticket))\n",
        "async def f(self):\n    return selected('select(1)')\n",
    ),
    Rule(
        resolvers_hold_no_select,
        "schema/planted.py",
        "class T:\n    def f(self, info):\n        return sa.select(Ticket)\n",
        "class T:\n    def visible_to(self, actor):\n        return select(Ticket)\n",
    ),
    Rule(
        the_environment_is_read_at_the_entry,
        "domain/planted.py",
        "import os\nos.environ['X']\n",
        "import os\nos.getpid()\n",
    ),
    Rule(
        the_environment_is_read_at_the_entry,
        "api/planted.py",
        "import os\nos.getenv('X')\n",
        "settings.environ\n",
    ),
    Rule(
        the_environment_is_read_at_the_entry,
        "jobs/planted.py",
        "from os import environ\n",
        "from os import getpid\n",
    ),
    Rule(
        the_domain_asks_its_clock, "domain/planted.py", "datetime.now(UTC)\n", "work.clock.now()\n"
    ),
    Rule(the_domain_asks_its_clock, "domain/planted.py", "time.time()\n", "time(9, 0)\n"),
    *(Rule(every_room_has_a_name, f"domain/{name}.py", "x = 1\n", "") for name in sorted(NAMELESS)),
    Rule(every_room_has_a_name, "schema/utils/thing.py", "x = 1\n", ""),
)
GUARDS = tuple(dict.fromkeys(rule.guard for rule in RULES))


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_rule_holds(guard: Callable[[Path], list[str]]) -> None:
    assert guard(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.guard.__name__}-{rule.where}")
def test_a_planted_violation_is_seen(rule: Rule, tmp_path: Path) -> None:
    planted = tmp_path / rule.where
    planted.parent.mkdir(parents=True)
    planted.write_text(rule.broken)
    assert rule.guard(tmp_path) == [rule.where]
    if rule.fine:
        planted.write_text(rule.fine)
        assert rule.guard(tmp_path) == []


@pytest.mark.parametrize("exempt", [UNIT_OF_WORK, CLOCK, *sorted(ENTRY_POINTS)])
def test_the_exceptions_exist(exempt: str) -> None:
    assert (ROOT / exempt).is_file()
