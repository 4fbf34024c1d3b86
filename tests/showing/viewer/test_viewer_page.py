from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.showing.viewer.scans import viewed
from twist.errors import TwistError
from twist.showing.viewer import library, write_viewer


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "viewer.html"
    odd = replace(viewed(), scene=replace(viewed().scene, name='a"><script>alert(1)</script>'))
    write_viewer(path, [viewed(), odd], title="</title> & <b>")
    return path.read_text(encoding="utf-8")


def test_the_page_refers_to_nothing_outside(text: str) -> None:
    outside = re.sub(r"<script type=\"text/plain\".*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"https?://|\bsrc=|\bhref=|url\(|@import|import\(", outside)
    assert "default-src 'none'" in outside


def test_names_are_text_and_not_markup(text: str) -> None:
    assert "<script>alert(1)" not in text
    assert "<title>&lt;/title&gt; &amp; &lt;b&gt;</title>" in text
    assert text.count('class="scene"') == 2
    facts = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.DOTALL)
    assert "<" not in facts[1]


@pytest.mark.parametrize("spec", [None, "empty"])
def test_a_missing_library_is_said(spec: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = None if spec is None else type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(library, "find_spec", lambda name: found)
    with pytest.raises(TwistError, match="package k3d, which is missing"):
        write_viewer(tmp_path / "viewer.html", [], title="none")
    assert not (tmp_path / "viewer.html").exists()
