"""``diagnosis``: the diagnoses of a run's rounds side by side, as page, CSV and plots."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "join the diagnoses of a run's rounds: a page, a CSV with one row a round, plots"
EXAMPLE = (
    "python -m twist diagnosis --run rooms_5pct --quality round*/pseudo_quality.csv "
    "--calibration round*/calibration.csv --losses plots/losses.png --out-dir results/rooms_5pct"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="NAME", required=True, help="for the page's title")
    parser.add_argument("--quality", type=Path, nargs="+", required=True, help="of `diagnose`, by round")
    parser.add_argument("--calibration", type=Path, nargs="+", required=True, help="of `diagnose`, by round")
    parser.add_argument("--losses", metavar="PNG", help="plot of `losses`, as the page is to link to it")
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets diagnosis.md, diagnosis.csv and plots/"
    )


def run(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from twist.files import write_text
    from twist.showing.diagnosis import as_page, summary
    from twist.showing.plots import plot_classes, plot_reliability, plot_rounds
    from twist.showing.style import save_plot

    quality, calibration = (
        pd.concat([pd.read_csv(path) for path in paths])
        for paths in (arguments.quality, arguments.calibration)
    )
    plots = {
        "rounds": plot_rounds(quality),
        "classes": plot_classes(quality),
        "reliability": plot_reliability(calibration),
    }
    for name, figure in plots.items():
        save_plot(figure, arguments.out_dir / "plots" / name)
    rows = summary(quality, calibration)
    write_text(
        arguments.out_dir / "diagnosis.csv", pd.DataFrame(rows).to_csv(index=False, float_format="%.6g")
    )
    titles = {"rounds": "Over the rounds", "classes": "By class", "reliability": "Scores and what came true"}
    pictures = {title: f"plots/{name}.png" for name, title in titles.items()}
    if arguments.losses:
        pictures["Losses of all trainings"] = arguments.losses
    page = as_page(arguments.run, rows, quality, pictures)
    write_text(arguments.out_dir / "diagnosis.md", page)
    print(page)
