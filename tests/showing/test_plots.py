"""Plots show the numbers they are given, as files that decode, byte for byte the same each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from tests.showing.diagnoses import calibration_of, metrics_of, quality_of
from twist.classes import S3DIS, SCANNET
from twist.showing.plots import plot_classes, plot_losses, plot_reliability, plot_rounds
from twist.showing.precision_recall import plot_precision_recall
from twist.showing.style import save_plot

ROUNDS = (1, 2, 3)
FIGURES = {
    "rounds": lambda: plot_rounds(quality_of(ROUNDS)),
    "classes": lambda: plot_classes(quality_of(ROUNDS)),
    "reliability": lambda: plot_reliability(calibration_of(ROUNDS)),
    "losses": lambda: plot_losses(metrics_of((0, *ROUNDS))),
}


def lines_of(figure: Figure, title: str) -> dict[str, np.ndarray]:
    """Values of each line of the panel with this title, by its name in the legend."""
    (axis,) = [axis for axis in figure.axes if title in axis.get_title()]
    return {line.get_label(): np.asarray(line.get_ydata()) for line in axis.get_lines()}


@pytest.mark.parametrize("name", FIGURES)
def test_files_decode(name: str, tmp_path: Path) -> None:
    save_plot(FIGURES[name](), tmp_path / name)
    image = imread(tmp_path / f"{name}.png")
    assert min(image.shape[:2]) > 300
    assert len(np.unique(image.reshape(-1, image.shape[2]), axis=0)) > 20
    assert ElementTree.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")


def test_files_are_reproducible(tmp_path: Path) -> None:
    for folder in ("once", "again"):
        save_plot(FIGURES["losses"](), tmp_path / folder / "losses")
    for kind in ("png", "svg"):
        once, again = ((tmp_path / folder / f"losses.{kind}").read_bytes() for folder in ("once", "again"))
        assert once == again
        assert not any(word in once for word in (b"date", b"Software", b"Creator", b"creator"))


def test_rounds_show_the_summaries() -> None:
    quality = quality_of(ROUNDS)
    figure = plot_rounds(quality)
    things = quality[quality["class"] == "all things"]
    points, instances = lines_of(figure, "points of objects"), lines_of(figure, "instances")
    np.testing.assert_array_equal(points["precision"], things["precision"])
    np.testing.assert_array_equal(points["coverage"], things["coverage"])
    np.testing.assert_array_equal(instances["recall, any class"], things["instance_recall_any_class"])
    assert np.isnan(instances["recall"]).tolist() == [True, False, False]
    assert len(figure.legends) == 1


def test_a_single_round_tells_its_markers_apart() -> None:
    axis = plot_rounds(quality_of((1, 2))).axes[-1]
    looks = [(line.get_marker(), line.get_color(), line.get_markerfacecolor()) for line in axis.get_lines()]
    assert len(set(looks)) == len(looks) == 4


def test_only_what_is_annotated_can_be_missed() -> None:
    nothing = np.zeros(3), np.zeros(3)
    curves = {"IoU .5": {"bed": nothing, "chair": (np.ones(2), np.array([0.5, 1.0]))}}
    figure = plot_precision_recall(curves, {name: name for name in ("bed", "chair", "sofa")})
    assert [[text.get_text() for text in axis.texts] for axis in figure.axes] == [["none found"], [], []]


def test_a_benchmark_without_stuff_has_no_panel_of_it() -> None:
    assert len(plot_rounds(quality_of((1, 2), S3DIS)).axes) == 2
    assert len(plot_rounds(quality_of((1, 2), SCANNET)).axes) == 3


def test_classes_show_a_bar_a_round() -> None:
    quality = quality_of(ROUNDS)
    figure = plot_classes(quality)
    precision, coverage = figure.axes
    assert [text.get_text() for text in precision.get_yticklabels()] == list(SCANNET.names)
    of_round_2 = quality[(quality["round"] == 2) & quality["kind"].isin(["thing", "stuff"])]
    np.testing.assert_array_equal(
        [bar.get_width() for bar in precision.containers[1]], of_round_2["precision"]
    )
    np.testing.assert_array_equal([bar.get_width() for bar in coverage.containers[2]], of_round_2["coverage"])
    np.testing.assert_array_equal([bar.get_width() for bar in coverage.containers[3]], of_round_2["recall"])
    colours = {bars[0].get_facecolor() for bars in precision.containers}
    assert len(colours) == len(ROUNDS)


def test_reliability_shows_bins_and_error() -> None:
    calibration = calibration_of((1, 2))
    figure = plot_reliability(calibration)
    titles = [axis.get_title() for axis in figure.axes]
    assert len(titles) == 6
    assert titles[0].endswith("round 1: none")
    assert titles[1] == "Ψ: certainty of proposals\nround 2: ECE 0.18, 40 in all"
    shown = lines_of(figure, "proposals\nround 2")
    np.testing.assert_allclose(shown["right"], [0.25, 0.5])
    np.testing.assert_allclose(shown["soft IoU, which Ψ is trained to"], [0.4, 0.6])


def test_losses_follow_one_another() -> None:
    figure = plot_losses(metrics_of((0, 1)))
    assert [axis.get_title()[0] for axis in figure.axes] == list("ΦΦΨΨ")
    semantic = [line for line in figure.axes[0].get_lines() if line.get_label().startswith("round")]
    assert [line.get_xdata().tolist() for line in semantic] == [[10, 20], [30, 40]]
    np.testing.assert_array_equal(semantic[1].get_ydata(), [1.5, 1.0])


def test_a_run_without_psi_has_two_losses() -> None:
    assert len(plot_losses(metrics_of((0,))).axes) == 2


def test_no_label_and_no_proposal_are_drawn(tmp_path: Path) -> None:
    """What the first rounds on few labels may look like."""
    quality = quality_of((1,))
    figures = [column for column in quality.columns if quality[column].dtype == float]
    quality[figures] = np.nan
    empty = calibration_of((1,)).assign(count=0, mean_score=np.nan, share_right=np.nan, mean_target=np.nan)
    plot_classes(quality)
    for name, figure in (("rounds", plot_rounds(quality)), ("reliability", plot_reliability(empty))):
        save_plot(figure, tmp_path / name)
        assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_no_display_is_needed(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from matplotlib.figure import Figure\n"
        "from twist.showing.style import save_plot\n"
        "figure = Figure(); figure.subplots().plot([0, 1]); save_plot(figure, Path('line'))"
    )
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment | {"MPLBACKEND": "tkagg"}, check=True
    )
    assert (tmp_path / "line.svg").exists()


def test_frames_are_left_as_they_were() -> None:
    quality, calibration, metrics = quality_of(ROUNDS), calibration_of(ROUNDS), metrics_of((0, 1))
    before = [frame.copy() for frame in (quality, calibration, metrics)]
    plot_rounds(quality)
    plot_classes(quality)
    plot_reliability(calibration)
    plot_losses(metrics)
    for frame, copy in zip((quality, calibration, metrics), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
