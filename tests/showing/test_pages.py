"""Markdown pages as HTML: each block, what is escaped, and pictures inside the file."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from twist.__main__ import main
from twist.errors import TwistError
from twist.showing.pages import as_html

PAGE = """# Title <1> & more

Text with **bold**, `code <x>` and a * that is none.

| a    | b      |
| ---- | ------ |
| 1    | 2 \\| 3 |
|      | x < y  |

## Part

- first `one`
- second
"""


def body(text: str) -> ElementTree.Element:
    """The page as a tree: what is not well-formed fails."""
    page = as_html(text, Path())
    assert page.startswith("<!doctype html>\n")
    return ElementTree.fromstring(re.sub(r"<meta [^>]*>", "", page.removeprefix("<!doctype html>\n")))


def test_each_block_becomes_its_element() -> None:
    tree = body(PAGE)
    assert tree.findtext("title") == tree.findtext("h1") == "Title <1> & more"
    assert tree.findtext("p/strong") == "bold"
    assert tree.findtext("p/code") == "code <x>"
    assert [[cell.text for cell in row] for row in tree.findall("table/tr")] == [
        ["a", "b"], ["1", "2 | 3"], [None, "x < y"],
    ]  # fmt: skip
    assert {cell.tag for cell in tree.findall("table/tr")[0]} == {"th"}
    assert tree.findtext("h2") == "Part"
    assert [item.text for item in tree.findall("ul/li")] == ["first ", "second"]


def test_an_empty_page_is_a_page() -> None:
    assert body("").findtext("title") in (None, "")


def test_pictures_are_inside(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "page.md").write_text("# T\n\n![a.png](plots/a.png)\n")
    assert main(["page", str(tmp_path / "page.md"), "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    inside = base64.b64encode((tmp_path / "plots" / "a.png").read_bytes()).decode()
    assert f'src="data:image/png;base64,{inside}"' in page
    assert "http" not in page


def test_missing_pictures_and_pages_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TwistError, match=r"none\.png, a picture of the page"):
        as_html("![x](none.png)", tmp_path)
    assert main(["page", str(tmp_path / "none.md"), "--out", str(tmp_path / "page.html")]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
