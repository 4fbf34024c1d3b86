"""Our figures beside the paper's: tables 9 to 12, and AP after each round."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

HELP = "put the figures of all runs there are beside the paper's tables 9 to 12, as page, CSV and plot"
EXAMPLE = (
    "python -m twist compare --table table9 --dataset rooms --results results "
    "--out results/tables/rooms_table9.md --csv results/tables/rooms_table9.csv "
    "--plot results/tables/rooms_table9"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.published.tables import TABLES
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--table", choices=TABLES, required=True, help="of the paper, or AP after each round")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the runs' folders")
    parser.add_argument("--out", type=Path, required=True, help="Markdown page")
    parser.add_argument("--csv", type=Path, required=True, help="a line for each row and figure")
    parser.add_argument("--plot", type=Path, required=True, metavar="STEM", help="gets .png and .svg")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.experiments.scores import single_results, table_lines
    from twist.files import write_text
    from twist.published.page import CSV_COLUMNS, comparison_page, comparison_rows
    from twist.published.plots import plot_comparison
    from twist.published.tables import paper_table
    from twist.runs import chosen_settings
    from twist.showing.style import save_plot
    from twist.showing.tables import as_csv

    if not arguments.dataset:
        raise TwistError("give --dataset, whose runs are compared with the paper's")
    table = paper_table(arguments.table, arguments.dataset, chosen_settings(arguments), arguments.results)
    experiment = table.experiment(arguments.results)
    scores = table.scores(experiment, arguments.results)
    lines, singles = table_lines(experiment, scores, table.figures), single_results(experiment, scores)
    plot = os.path.relpath(arguments.plot.with_suffix(".png"), arguments.out.parent)
    page = comparison_page(table, arguments.dataset, lines, singles, plot)
    write_text(arguments.out, page)
    write_text(arguments.csv, as_csv(comparison_rows(table, lines, singles), CSV_COLUMNS))
    save_plot(plot_comparison(table, lines), arguments.plot)
    print(page, end="")
