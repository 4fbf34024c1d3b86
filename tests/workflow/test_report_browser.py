"""Snakemake's report of the quick start in a real Chromium, opened from disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser import chromium, needs_chromium, opened, sync_api
from tests.workflow.quick_start import QuickStart

pytestmark = needs_chromium
#: Every report has its styles from there, inside the file; it asks the network for nothing.
TAILWIND = "cdn.tailwindcss.com should not be used in production"

STAGE = {"width": 1200, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def report(browser: sync_api.Browser, quick_start: QuickStart) -> Iterator[sync_api.Page]:
    with opened(browser, quick_start.report, TAILWIND, viewport=STAGE) as page:
        page.locator("#loading-screen").wait_for(state="hidden")
        yield page


def open_category(report: sync_api.Page, name: str) -> sync_api.Locator:
    """The entries of a category, from the start or, by the path above, from one of its entries."""
    report.get_by_role("link", name=name, exact=True).click()
    rows = report.locator("#app tbody tr")
    rows.first.wait_for()
    return rows


def entry(rows: sync_api.Locator, text: str) -> tuple[sync_api.Locator, sync_api.Locator]:
    """What opens an entry, and what tells about it."""
    links = rows.filter(has_text=text).get_by_role("link")
    return links.nth(0), links.nth(1)


def colours(picture: bytes) -> int:
    """Number of distinct colours, a few bits each."""
    pixels = np.array(Image.open(io.BytesIO(picture)).convert("RGB")) >> 4
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


def test_it_opens_with_what_the_workflow_is_and_its_categories(report: sync_api.Page) -> None:
    report.get_by_text("semi-supervised 3D instance segmentation by self-training").wait_for()
    links = [link.strip() for link in report.locator("#app").get_by_role("link").all_inner_texts()]
    assert [name for name in links if name in ("Runs", "Tables")] == ["Runs", "Tables"]


def test_pictures_are_shown_in_full_with_their_captions(report: sync_api.Page) -> None:
    for name, caption in {
        "scenes (figure 7)": "not chosen by eye",
        "precision and recall": "one point for each distinct score",
        "losses": "Losses of all trainings of tiny_50pct",
        "pseudo-labels: rounds": "against annotations that no training reads",
    }.items():
        view, about = entry(open_category(report, "Runs"), name)
        view.click()
        shown = report.locator("#app img[src^='data:image/png']").last
        shown.wait_for()
        assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 400, name
        assert colours(shown.screenshot()) > 10, name
        about.click()
        report.get_by_text(caption).wait_for()


def test_tables_and_pages_are_readable(report: sync_api.Page) -> None:
    rows = open_category(report, "Tables")
    assert {"tiny, rounds", "tiny, 50pct"} <= {text.split("\t")[0].strip() for text in rows.all_inner_texts()}
    entry(rows.filter(has_text="page"), "tiny, rounds")[0].click()
    page = report.frame_locator("iframe")
    page.get_by_role("cell", name="50 %: TWIST").first.wait_for()
    assert {"round", "mAP", "AP50", "AP25"} <= set(page.locator("th").all_inner_texts())
    assert page.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 400


def test_the_3d_page_works_inside_an_unpacked_report(
    browser: sync_api.Browser, quick_start: QuickStart, tmp_path: Path
) -> None:
    file = quick_start.unpacked_report(tmp_path)
    with opened(browser, file, TAILWIND, viewport=STAGE) as report:
        entry(open_category(report, "Runs"), "scans in 3D")[0].click()
        page = report.frame_locator("iframe")
        canvas = page.locator("#canvas")
        canvas.wait_for()
        page.locator("#busy").wait_for(state="hidden")
        before = canvas.screenshot()
        assert colours(before) > 20
        page.get_by_role("button", name="Ground truth", exact=True).click()
        assert page.locator("#instances li").count() > 0
        assert canvas.screenshot() != before
