"""What the documentation points to exists, and what it names is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.documents import PAGES, shell_lines
from twist.__main__ import build_parser, verbs
from twist.checking import read_yaml
from twist.modifiers import settings_of_modifier
from twist.runs import Run

ROOT = PAGES[0].parent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path) -> None:
    """Every ``python -m twist`` line of a code block parses."""
    lines = [line for line in shell_lines(page) if line.startswith("python -m twist ")]
    for line in lines:
        words = shlex.split(line, comments=True)[3:]
        if words != ["--help"]:
            build_parser(words[0]).parse_args(words)


@pytest.mark.parametrize("verb", verbs())
def test_each_verbs_example_is_understood(verb: str) -> None:
    module = __import__(f"twist.commands.{verb.replace('-', '_')}", fromlist=["EXAMPLE"])
    words = shlex.split(module.EXAMPLE)
    assert words[:4] == ["python", "-m", "twist", verb]
    build_parser(verb).parse_args(words[3:])


def test_runs_named_in_the_readme_are_runs() -> None:
    variants = read_yaml(ROOT / "config" / "variants.yaml")
    names = re.findall(r"`(?:results/)?([a-z0-9-]+_\d+pct[a-z0-9.-]*)", (ROOT / "README.md").read_text())
    assert len(names) > 5
    for name in names:
        for change in Run.parse(name).changes:
            settings_of_modifier(change, variants)
