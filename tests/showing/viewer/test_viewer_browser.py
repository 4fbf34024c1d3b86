"""The 3D page in a real Chromium, opened from disk, with software instead of a graphics card."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser import chromium, needs_chromium, opened, sync_api
from tests.showing.viewer.scans import POINTS, viewed
from twist.showing.viewer import write_viewer

pytestmark = needs_chromium
STAGE = {"width": 900, "height": 600}


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("viewer") / "viewer.html"
    scans = [viewed(), viewed(name="mesh", faces=True), viewed(name="bare", labelled=False)]
    write_viewer(path, scans, title="three boxes")
    return path


@pytest.fixture
def page(browser: sync_api.Browser, file: Path) -> Iterator[sync_api.Page]:
    with opened(browser, file, viewport=STAGE, has_touch=True) as page:
        ready(page)
        yield page


def ready(page: sync_api.Page) -> None:
    page.locator("#busy").wait_for(state="hidden")


def picture(page: sync_api.Page) -> np.ndarray:
    """What the canvas shows, (H, W, 3)."""
    page.evaluate("viewer.view.drawNow()")
    return np.array(Image.open(io.BytesIO(page.locator("#canvas").screenshot())).convert("RGB")).astype(int)


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ, without the edge, where the focus is shown."""
    return float((np.abs(before - after).max(axis=2) > 8)[4:-4, 4:-4].mean())


def moved(page: sync_api.Page, before: np.ndarray) -> np.ndarray:
    """The canvas once it differs; a wheel's turn arrives after the call that made it has returned."""
    for _ in range(100):
        after = picture(page)
        if changed(before, after) > 0.02:
            return after
        page.wait_for_timeout(50)
    raise AssertionError("the view did not move")


def place_of_box(page: sync_api.Page, box: int) -> tuple[float, float]:
    """Where the middle of a box lies in the window; the boxes are at x = -2, 0 and 2."""
    point = page.evaluate(
        """x => { const at = viewer.state.scene.position; let best = 0, nearest = 9;
        for (let i = 0; i < at.length / 3; i++) {
          const distance = Math.hypot(at[3 * i] - x, at[3 * i + 1]) - at[3 * i + 2];
          if (distance < nearest) [best, nearest] = [i, distance];
        } return viewer.view.placeOf(best); }""",
        2 * box - 2,
    )
    frame = page.locator("#canvas").bounding_box()
    return frame["x"] + point[0], frame["y"] + point[1]


def test_each_layer_and_colouring_shows_something_else(page: sync_api.Page) -> None:
    seen = {}
    for layer in ("Colours", "Ground truth", "Predictions", "Supervoxels"):
        page.get_by_role("button", name=layer, exact=True).click()
        seen[layer] = picture(page)
    page.get_by_role("button", name="Predictions", exact=True).click()
    for colouring in ("Class", "Match", "Certainty"):
        page.get_by_role("button", name=colouring, exact=True).click()
        seen[colouring] = picture(page)
    ground = seen["Colours"][0, 0]
    for name, image in seen.items():
        assert changed(image, np.broadcast_to(ground, image.shape)) > 0.1, f"{name} is empty"
    names = list(seen)
    for k, name in enumerate(names):
        for other in names[k + 1 :]:
            assert changed(seen[name], seen[other]) > 0.01, f"{name} looks like {other}"


def test_picking_an_instance(page: sync_api.Page) -> None:
    """Of points by mouse, and of a mesh by touch."""
    picks_the_right_instance(page, page.mouse.click)
    page.locator("#scenes").select_option(index=1)
    page.get_by_label("Hide surfaces").wait_for()
    ready(page)
    picks_the_right_instance(page, page.touchscreen.tap)


def picks_the_right_instance(page: sync_api.Page, press: Callable[[float, float], None]) -> None:
    press(*place_of_box(page, 0))
    page.locator("#picked h3").wait_for()
    assert "bed" in page.locator("#picked h3").inner_text()
    assert page.locator("#picked dl").inner_text().split() == [
        *("Score", "0.90", "IoU", "1.00", "Match", "bed", "Points", str(POINTS))
    ]
    press(*place_of_box(page, 1))
    page.locator("#picked .wrong").wait_for()
    assert page.locator("#picked h3").inner_text().split() == ["chair", "false", "positive"]
    page.keyboard.press("Escape")
    assert page.locator("#picked h3").count() == 0
    press(*place_of_box(page, 2))  # the chair, which nothing predicts
    assert page.locator("#picked h3").count() == 0


def test_misses_false_positives_and_hits_have_their_colours(page: sync_api.Page) -> None:
    page.keyboard.press("m")
    image, stage = picture(page), page.locator("#canvas").bounding_box()
    colours = []
    for box in range(3):
        x, y = place_of_box(page, box)
        colours.append(image[int(y - stage["y"]), int(x - stage["x"])])
    assert np.abs(np.array(colours) - [(0, 158, 115), (213, 94, 0), (204, 60, 160)]).max() < 30


def test_filters_by_score_and_class(page: sync_api.Page) -> None:
    assert page.locator("#count").inner_text().lower() == "2 of 2 instances"
    page.locator("#score").fill("50")
    assert page.locator("#count").inner_text().lower() == "1 of 2 instances"
    page.get_by_label("bed").uncheck()
    assert page.locator("#count").inner_text().lower() == "0 of 2 instances"
    page.locator("#score").fill("0")
    assert page.locator("#instances").inner_text().split()[0] == "chair"


def test_mouse_keys_and_wheel_move_the_view(page: sync_api.Page) -> None:
    x, y = place_of_box(page, 1)
    images = [picture(page)]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 20, steps=3)
    page.mouse.up()
    images.append(moved(page, images[-1]))
    assert page.locator("#picked h3").count() == 0  # a drag picks nothing
    page.mouse.wheel(0, -300)
    images.append(moved(page, images[-1]))
    for keys in ("ArrowLeft", "Shift+ArrowUp", "-", "Home"):
        page.keyboard.press(keys)
        images.append(moved(page, images[-1]))
    assert changed(images[0], images[-1]) < 0.001  # Home is where it began


def test_keys_choose_layers_scans_and_instances(page: sync_api.Page) -> None:
    page.keyboard.press("2")
    assert page.locator("#layers [aria-pressed=true]").inner_text() == "Ground truth"
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert page.locator("#picked h3").inner_text().split() == ["chair", "missed"]
    page.keyboard.press("]")
    page.get_by_label("Hide surfaces").wait_for()  # of the second scan alone, which has faces
    assert page.locator("#scenes").input_value() == "mesh"
    assert page.locator("#layers [aria-pressed=true]").inner_text() == "Ground truth"  # stays


def test_a_scan_without_annotation_has_no_truth_to_show(page: sync_api.Page) -> None:
    page.locator("#scenes").select_option(index=2)
    page.get_by_role("button", name="Match").wait_for(state="detached")
    assert page.locator("#layers").inner_text().split() == ["Colours", "Predictions", "Supervoxels"]
    assert page.get_by_role("button", name="Match").count() == 0
    assert page.locator(".badge").count() == 0


def test_cutting_away_opens_the_scan(page: sync_api.Page) -> None:
    before = picture(page)
    page.locator("#cut").fill("40")
    assert changed(before, picture(page)) > 0.01


def test_a_narrow_screen_shows_scan_and_panel(page: sync_api.Page) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    page.wait_for_timeout(300)
    stage, panel = page.locator("#stage").bounding_box(), page.locator("#panel").bounding_box()
    assert (stage["width"], panel["width"]) == (390, 390)
    assert panel["y"] >= stage["y"] + stage["height"] - 1
    image = picture(page)
    assert changed(image, np.broadcast_to(image[0, -1], image.shape)) > 0.05
