"""The paper's tables and the runs of ours that stand for their rows.

``table9.csv`` to ``table12.csv`` hold the figures as printed in the supplementary material of TWIST (CVPR
2022). Tables 9 to 11 are of ScanNet's validation scenes, 11 also of S3DIS's Area 5; table 12 is of ScanNet's
hidden test scenes (data-efficient benchmark). Which run stands for which row is our choice.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twist.classes import CLASS_TABLES, SCANNET
from twist.errors import TwistError
from twist.experiments.rows import METRICS, Experiment, Row
from twist.experiments.scores import Record, Scores, read_scores
from twist.runs import Run
from twist.settings import Settings

RATIOS = ("1", "5", "10", "20")

#: Table 9's thresholds that change from round to round: label, and the modifier of a run's name.
_SEQUENCES = {"dynamic_up": ("τ rising", "tauup"), "dynamic_down": ("τ falling", "taudown")}


@dataclass(frozen=True)
class Method:
    """A way to learn from few labels. published: its name in the CSV files, None for one of ours alone."""

    label: str
    published: str | None
    method: str
    changes: tuple[str, ...] = ()

    def run(self, dataset: str, ratio: str) -> Run:
        return Run(dataset, ratio, self.method, self.changes)


METHODS = (
    Method("Sup-only", "sup_only", "suponly"),
    Method("PC", "pc", "suponly", ("pc",)),
    Method("CSC", "csc", "suponly", ("csc",)),
    Method("label-only control", None, "control"),
    Method("TWIST", "twist", "twist"),
    Method("TWIST + PC", "twist+pc", "twist", ("pc",)),
    Method("TWIST + CSC", "twist+csc", "twist", ("csc",)),
    Method("TWIST plus", None, "twist", ("plus",)),
)


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper for one data set: what stands above it, its figures, and its rows without seeds.

    figures: keys of the scores that it compares, ``mAP`` or a class's name
    scored_on: what the paper's figures are of; empty where it has none for this benchmark
    """

    name: str
    title: str
    figures: tuple[str, ...]
    rows: tuple[Row, ...]
    scored_on: str = ""

    @property
    def of_the_paper(self) -> bool:
        return self.name != ROUNDS

    def experiment(self, results: Path) -> Experiment:
        """The table over the seeds that have been run: those with a ``rounds.json`` in ``results``."""
        rows = tuple(replace(row, seeds=seeds_run(row.run, results)) for row in self.rows)
        return Experiment(self.name, self.title, self.scored_on, rows)

    def scores(self, experiment: Experiment, results: Path) -> dict[str, Scores]:
        """The scores of each row of ``experiment(results)``, with the AP50 of each class by its name."""
        scores = read_scores(experiment, results)
        if set(self.figures) <= set(METRICS):
            return scores
        return {
            label: {
                seed: {
                    round_number: _with_classes(record, self.figures)
                    for round_number, record in rounds.items()
                }
                for seed, rounds in of_seeds.items()
            }
            for label, of_seeds in scores.items()
        }


def seeds_run(run: Run, results: Path) -> tuple[int, ...]:
    """Seeds of a run, which is given without one, that have scores in ``results``; ascending."""
    seeds = [0] if (results / run.name / "rounds.json").exists() else []
    for file in results.glob(f"{run.name}-seed*/rounds.json"):
        number = file.parent.name.removeprefix(f"{run.name}-seed")
        if re.fullmatch(r"[1-9][0-9]*", number):
            seeds.append(int(number))
    return tuple(sorted(seeds))


def ratios_run(dataset: str, results: Path) -> tuple[str, ...]:
    """Label ratios of a data set that have scores in ``results``; ascending."""
    found = {
        match[1]
        for file in results.glob(f"{dataset}_*pct*/rounds.json")
        if (match := re.match(r"(\d+(?:\.\d+)?)pct", file.parent.name.removeprefix(f"{dataset}_")))
    }
    return tuple(sorted(found, key=float))


def paper_table(name: str, dataset: str, settings: Settings, results: Path) -> PaperTable:
    """A table by its name, such as ``table9``, for a data set with these settings.

    results: folder of the runs' folders; the table ``rounds`` has the label ratios that are there
    Raises TwistError for a name that is no table.
    """
    if name == ROUNDS:  # the runs of tables 11 and 12 after each of their rounds
        rows = _by_ratio(dataset, {}, ratios_run(dataset, results), rounds="all")
        return PaperTable(ROUNDS, "AP after each round", METRICS, rows)
    if name not in _OF_THE_PAPER:
        raise TwistError(f"there is no table {name!r}; there are {', '.join(TABLES)}")
    return _OF_THE_PAPER[name](dataset, settings)


def _threshold(dataset: str, settings: Settings) -> PaperTable:
    """Its sequences are of five rounds, so where a run has fewer, they have a default row of five."""
    published = _by_setting("table9", settings)
    default, tail, longer = "τ = 0.5", "", ()
    if settings.selftraining.rounds != 5:
        tail, longer = ", five rounds", ("rounds5",)
    rows = [
        _ablation(dataset, f"τ = {value}", () if value == "0.5" else (f"tau{value}",), paper, default)
        for value, paper in published.items()
        if value not in _SEQUENCES
    ]
    if longer:
        rows.append(_ablation(dataset, default + tail, longer, published["0.5"], default + tail))
    rows += [
        _ablation(dataset, label + tail, (*longer, change), published[value], default + tail)
        for value, (label, change) in _SEQUENCES.items()
    ]
    title = "the certainty threshold, 5 % labelled"
    return PaperTable("table9", title, METRICS, tuple(rows), _scannet_val(settings))


def _loss_ratio(dataset: str, settings: Settings) -> PaperTable:
    rows = tuple(
        _ablation(dataset, f"α = {value}", () if value == "1" else (f"alpha{value}",), paper, "α = 1")
        for value, paper in _by_setting("table10", settings).items()
    )
    title = "the weight α of Ψ's loss, 5 % labelled"
    return PaperTable("table10", title, METRICS, rows, _scannet_val(settings))


def _label_ratios(dataset: str, settings: Settings) -> PaperTable:
    published = {
        (entry["label_ratio_pct"], entry["method"]): _figures(entry, METRICS)
        for entry in _read("table11")
        if entry["dataset"] == settings.data.format
    }
    scored_on = {"scannet": "ScanNet's validation scenes", "s3dis": "S3DIS's Area 5"}[settings.data.format]
    return PaperTable("table11", "label ratios", METRICS, _by_ratio(dataset, published), scored_on)


def _categories(dataset: str, settings: Settings) -> PaperTable:
    classes = CLASS_TABLES[settings.data.format]
    figures = ("AP50", *(classes.names[thing] for thing in classes.things))
    published = {
        (entry["label_ratio_pct"], entry["method"]): _figures(entry, figures)
        for entry in (_read("table12") if classes is SCANNET else ())
    }
    scored_on = "ScanNet's hidden test scenes" if published else ""
    return PaperTable("table12", "AP50 by class", figures, _by_ratio(dataset, published), scored_on)


#: Makes each table of the paper for a data set and its settings.
_OF_THE_PAPER: Mapping[str, Callable[[str, Settings], PaperTable]] = {
    "table9": _threshold,
    "table10": _loss_ratio,
    "table11": _label_ratios,
    "table12": _categories,
}
ROUNDS = "rounds"
TABLES = (*_OF_THE_PAPER, ROUNDS)


def _ablation(
    dataset: str, label: str, changes: tuple[str, ...], paper: Mapping[str, float], default: str
) -> Row:
    """A row of TWIST with 5 % labels and a changed setting, compared with the row ``default``."""
    run = Run(dataset, "5", "twist", changes)
    return Row(label, run, (), against=None if label == default else default, paper=paper)


def _by_ratio(
    dataset: str,
    published: Mapping[tuple[str, str], Mapping[str, float]],
    ratios: Sequence[str] = RATIOS,
    rounds: str = "last",
) -> tuple[Row, ...]:
    """A row for each label ratio and method that the table has or that is ours alone."""
    printed = {method for _, method in published}
    return tuple(
        Row(
            f"{ratio} %: {method.label}",
            method.run(dataset, ratio),
            (),
            rounds,
            paper=published.get((ratio, method.published or ""), {}),
        )
        for ratio in ratios
        for method in METHODS
        if not printed or method.published is None or method.published in printed
    )


def _with_classes(record: Record, figures: Sequence[str]) -> Record:
    """A score with the AP50 of each class as a figure of its own. Raises TwistError where it lacks one."""
    try:
        return {**record, **{name: record["classes"][name]["AP50"] for name in figures if name != "AP50"}}
    except (KeyError, TypeError):
        name = "{dataset}_{ratio_pct:g}pct{variant}".format(**record)
        raise TwistError(f"the score of {name} lacks the AP50 of a class; delete its eval.json") from None


def _by_setting(name: str, settings: Settings) -> dict[str, dict[str, float]]:
    """Figures of table 9 or 10 by their first column; none where the data set is not ScanNet's kind."""
    figures = METRICS if settings.data.format == "scannet" else ()
    return {next(iter(entry.values())): _figures(entry, figures) for entry in _read(name)}


def _scannet_val(settings: Settings) -> str:
    return "ScanNet's validation scenes" if settings.data.format == "scannet" else ""


def _figures(entry: Mapping[str, str], names: Sequence[str]) -> dict[str, float]:
    return {name: float(entry[name.replace(" ", "_")]) for name in names}


def _read(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(f"{name}.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
