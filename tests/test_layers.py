"""The house: imports run downward, no private part of JAX, nothing printed, files that one can read at a sitting."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "genjax_lab").rglob("*.py"))
FLOORS = [
    {path.stem for path in FILES if path.parent.name == "genjax_lab"}
    - {"__init__", "normalisation", "io", "plots", "bench"},
    {"families", "combinators", "nets"},
    {"fitting", "normalisation"},
    {"inference", "evaluate", "io"},
    {"data", "plots", "bench"},
]
every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def room(module: str) -> str:
    """The room of a module: the part of its name after the package's."""
    return [*module.split("."), ""][1]


def floor(module: str) -> int:
    floors = [i for i, rooms in enumerate(FLOORS) if room(module) in rooms]
    assert floors, f"{module}: give its room a place in FLOORS"
    return floors[0]


def imports(path: Path, at_run_time: bool = True):
    """Full names of what a file imports; what is only for types is left out."""
    tree = ast.parse(path.read_text())
    skipped = set()
    for node in ast.walk(tree):
        if at_run_time and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped |= {id(n) for n in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(path: Path):
    """Modules of the library that a file imports."""
    known = {module_of(f) for f in FILES}
    for name in imports(path):
        if name.split(".")[0] == "genjax_lab":
            yield name if name in known else name.rpartition(".")[0]


@every_file
def test_imports_run_downward(path):
    if module_of(path) == "genjax_lab":
        return
    for name in own(path):
        assert floor(name) <= floor(module_of(path)), f"{module_of(path)} imports {name}"


def test_there_is_no_circle():
    graph = {module_of(path): {n for n in own(path) if n != module_of(path)} for path in FILES}
    assert list(graphlib.TopologicalSorter(graph).static_order())


@every_file
def test_no_private_part_of_another_package(path):
    for name in imports(path, at_run_time=False):
        private = any(part.startswith("_") and part != "__future__" for part in name.split(".")[:-1])
        assert not private or name.startswith("genjax_lab."), f"{path}: {name}"


@every_file
def test_the_library_knows_no_experiment_and_plots_only_in_plots(path):
    for name in imports(path):
        package = name.split(".")[0]
        assert package not in {"experiments", "tests"}
        assert package != "matplotlib" or path.name == "plots.py"


@every_file
def test_the_library_prints_nothing(path):
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    assert not [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]


@every_file
def test_no_global_flag_of_jax_is_set(path):
    assert "config.update" not in path.read_text()


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "experiments").rglob("*.py"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_file_can_be_read_at_a_sitting(path):
    assert len(path.read_text().splitlines()) <= 250


@every_file
def test_functions_are_short(path):
    """At most 60 lines without the docstring (a family's factory holds its inner functions)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            docstring = node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) else 0
            assert node.end_lineno - node.lineno + 1 - docstring <= 60, f"{path}: {node.name}"
