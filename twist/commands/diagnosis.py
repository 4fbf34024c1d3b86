"""``diagnosis``: the diagnoses of a run's rounds side by side, as page, CSV and plots."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "join the diagnoses of a run's rounds: a page, a CSV with one row a round, plots"
EXAMPLE = (
    "python -m twist diagnosis --run rooms_5pct --quality round*/pseudo_quality.csv "
    "--calibration round*/calibration.csv --metrics round0/metrics.csv round1/metrics.csv --out-dir diagnosis"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="NAME", required=True, help="for the page's title")
    parser.add_argument("--quality", type=Path, nargs="+", required=True, help="of `diagnose`, by round")
    parser.add_argument("--calibration", type=Path, nargs="+", required=True, help="of `diagnose`, by round")
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics.csv by round, from 0")
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets diagnosis.md, diagnosis.csv and plots/"
    )


def run(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from twist.files import write_text
    from twist.showing.diagnosis import as_page, summary
    from twist.showing.plots import plot_classes, plot_losses, plot_reliability, plot_rounds, save_plot

    quality, calibration = (
        pd.concat([pd.read_csv(path) for path in paths])
        for paths in (arguments.quality, arguments.calibration)
    )
    rounds = [pd.read_csv(path) for path in arguments.metrics]
    metrics = pd.concat(rounds, keys=range(len(rounds)), names=["round"]).reset_index("round")
    plots = {
        "rounds": plot_rounds(quality),
        "classes": plot_classes(quality),
        "reliability": plot_reliability(calibration),
        "losses": plot_losses(metrics),
    }
    for name, figure in plots.items():
        save_plot(figure, arguments.out_dir / "plots" / name)
    rows = summary(quality, calibration)
    write_text(
        arguments.out_dir / "diagnosis.csv", pd.DataFrame(rows).to_csv(index=False, float_format="%.6g")
    )
    page = as_page(arguments.run, rows, quality, [f"plots/{name}.png" for name in plots])
    write_text(arguments.out_dir / "diagnosis.md", page)
    print(page)
