"""The losses of all trainings of a run as one plot."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "draw the losses of a run's trainings, one round after another"
EXAMPLE = "python -m twist losses --metrics round0/metrics.csv round1/metrics.csv --plot plots/losses"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics.csv by round, from 0")
    parser.add_argument("--plot", type=Path, required=True, metavar="STEM", help="gets .png and .svg")


def run(arguments: argparse.Namespace) -> None:
    from twist.commands.finish import joined_metrics
    from twist.showing.plots import plot_losses
    from twist.showing.style import save_plot

    save_plot(plot_losses(joined_metrics(arguments.metrics)), arguments.plot)
    print(f"{len(arguments.metrics)} trainings drawn to {arguments.plot}.png, .svg")
