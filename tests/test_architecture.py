"""The floors of the package: imports go down only, and torch and spconv stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import twist

PACKAGE = Path(twist.__file__).parent

#: Ground floor first; a module may import its own floor and those below (docs/architecture.md).
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "errors",
        "checking",
        "sections",
        "data_sections",
        "pretraining_sections",
        "settings",
        "versions",
        "classes",
        "files",
        "scene",
        "regions",
        "stamps",
        "provenance",
        "locks",
        "planned",
        "leases",
        "parallel",
        "slurm",
    ),
    ("geometry", "formats", "rooms", "scoring", "showing", "views"),
    ("selftraining", "preparation", "modifiers", "runs", "experiments", "splits", "inspection", "published"),
    ("network", "devices"),
    ("learning",),
    ("inference", "scans", "pretraining"),
    ("commands", "__main__"),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
WITHOUT_TORCH = {name for names in FLOORS[:3] for name in names}
#: Slow to import or hard to install: only where they earn it, and never at the top of a file.
HEAVY = {"torch", "spconv", "open3d", "pandas", "snakemake"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
INITS = sorted(PACKAGE.rglob("__init__.py"))


def imports_of(path: Path, *, everywhere: bool) -> Iterator[str]:
    """Dotted names of the modules that a file imports: all of them, or those at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(path: Path) -> str:
    """The package's folder or file that a module belongs to: ``geometry``, ``scene``."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def twist_parts(path: Path) -> set[str]:
    """Parts of the package that a file imports, at any depth of its code."""
    names = {name.split(".")[1] for name in imports_of(path, everywhere=True) if name.startswith("twist.")}
    return {name for name in names if name in FLOOR_OF or (PACKAGE / name).exists()}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_part_has_its_floor() -> None:
    parts = {part_of(path) for path in MODULES}
    assert parts - FLOOR_OF.keys() == set(), "name its floor in FLOORS and in docs/architecture.md"
    assert FLOOR_OF.keys() - parts == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    floor = FLOOR_OF[part_of(path)]
    above = {part for part in twist_parts(path) if FLOOR_OF[part] > floor}
    assert not above, f"{name_of(path)} imports from above: {above}"


def test_no_circle_between_parts() -> None:
    below = {part: set() for part in FLOOR_OF}
    for path in MODULES + [init for init in INITS if init.parent != PACKAGE]:
        below[part_of(path)] |= twist_parts(path) - {part_of(path)}
    while below:
        free = [part for part, needed in below.items() if not needed & below.keys()]
        assert free, f"circle among {sorted(below)}"
        for part in free:
            del below[part]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_torch_and_spconv_stay_where_they_belong(path: Path) -> None:
    used = {name.split(".")[0] for name in imports_of(path, everywhere=True)}
    at_top = {name.split(".")[0] for name in imports_of(path, everywhere=False)}
    assert ("spconv" in used) == (name_of(path) == "network/sparse.py")
    if part_of(path) in WITHOUT_TORCH:
        assert "torch" not in used
    assert not at_top & (HEAVY - {"torch", "spconv"})
    if part_of(path) in ("commands", "__main__"):
        assert not at_top & HEAVY


def test_the_package_itself_imports_little() -> None:
    """Every verb imports it."""
    assert twist_parts(PACKAGE / "__init__.py") <= set(FLOORS[0])


@pytest.mark.parametrize("verb", ["prepare", "check", "supervoxels", "rooms", "splits", "settings", "train"])
def test_help_of_a_verb_starts_without_torch(verb: str) -> None:
    code = (
        "import sys; from twist.__main__ import main\n"
        f"try: main(['{verb}', '--help'])\n"
        f"except SystemExit: print('loaded', sorted({HEAVY} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "loaded []"
