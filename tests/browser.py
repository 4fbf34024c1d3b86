"""A real Chromium without a display, for tests of pages: found on the machine, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(
    _CHROMIUM is None, reason="no Chromium on this machine; on Debian: apt-get install chromium"
)
SLOWEST_MS = 180_000  # a laden machine without a graphics card takes its time
_SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@contextmanager
def chromium() -> Iterator[sync_api.Browser]:
    """A started browser; draws in software instead of on a graphics card."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_SOFTWARE, timeout=SLOWEST_MS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: sync_api.Browser, file: Path, unavoidable: str | None = None, **options: Any
) -> Iterator[sync_api.Page]:
    """A page opened from disk; afterwards: nothing was complained of, nothing else asked for.

    What an unpacked report holds lies in ``data/`` beside it, and counts as the page's own.

    unavoidable: part of the messages that do not count; options: of ``Browser.new_page``
    """
    page = browser.new_page(**options)
    page.set_default_timeout(SLOWEST_MS)
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert [text for text in complaints if unavoidable is None or unavoidable not in text] == []
    own = file.as_uri(), (file.parent / "data").as_uri()
    assert [url for url in requests if not url.startswith(("data:", *own))] == []
