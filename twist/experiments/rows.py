"""The rows of an experiment's table, named in ``config/experiments/*.yaml``, and the runs behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from twist.checking import read_yaml
from twist.errors import TwistError
from twist.runs import Run

METRICS = ("mAP", "AP50", "AP25")


@dataclass(frozen=True)
class Row:
    """One row of the table: the last round of a run over seeds, or every round, a line each.

    run: without a seed
    rounds: ``last`` or ``all``
    against: label of the row that this one is compared with
    paper: published figures by metric, percent
    """

    label: str
    run: Run
    seeds: tuple[int, ...]
    rounds: str = "last"
    against: str | None = None
    paper: Mapping[str, float] = field(default_factory=dict)

    def run_of(self, seed: int) -> Run:
        return replace(self.run, seed=seed)


@dataclass(frozen=True)
class Experiment:
    """What a file of ``config/experiments/`` holds."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]

    @classmethod
    def load(cls, path: str | Path) -> Experiment:
        """Read the YAML (docs/experiments.md). Raises TwistError naming file, row and key."""
        path = Path(path)
        if not path.exists():
            known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml")))
            raise TwistError(f"there is no experiment {path.stem!r} ({path}); known: {known}")
        content = read_yaml(path)
        _check_keys(content, str(path), required={"title": str, "rows": list}, optional={"about": str})
        rows: dict[str, Row] = {}
        for number, entry in enumerate(content["rows"], start=1):
            row = _row(entry, f"{path}: row {number}")
            if row.label in rows:
                raise TwistError(f"{path}: row {number}: there is a row {row.label!r} already")
            rows[row.label] = row
        for row in rows.values():
            if row.against is not None:
                _check_comparison(row, rows, f"{path}: row {row.label!r}: against")
        return cls(path.stem, content["title"], content.get("about", "").strip(), tuple(rows.values()))

    def runs(self) -> list[Run]:
        """All runs that the table is made from, each once."""
        return list(dict.fromkeys(row.run_of(seed) for row in self.rows for seed in row.seeds))


def command(*targets: str) -> str:
    """The command line that makes some results."""
    return " ".join(("snakemake --cores 2", *targets))


def score_file(run: Run) -> str:
    return f"results/{run.name}/eval.json"


def _check_keys(
    value: Any, where: str, *, required: Mapping[str, type], optional: Mapping[str, type]
) -> None:
    types = {**required, **optional}
    if not isinstance(value, dict):
        raise TwistError(f"{where}: must hold {', '.join(types)}, not {value!r}")
    for key, found in value.items():
        if key not in types:
            raise TwistError(f"{where}: {key!r} is unknown; there are {', '.join(types)}")
        if not isinstance(found, types[key]):
            raise TwistError(f"{where}: {key} must be {types[key].__name__}, not {found!r}")
    for key in required:
        if value.get(key) in (None, "", []):
            raise TwistError(f"{where}: {key} is missing or empty")


def _row(entry: Any, where: str) -> Row:
    _check_keys(
        entry,
        where,
        required={"label": str, "run": str, "seeds": object},
        optional={"rounds": str, "against": str, "paper": dict},
    )
    try:
        run = Run.parse(entry["run"])
    except TwistError as error:
        raise TwistError(f"{where}: {error}") from None
    if run.seed:
        raise TwistError(f"{where}: write {replace(run, seed=0).name}; `seeds` says which seeds are run")
    rounds = entry.get("rounds", "last")
    if rounds not in ("last", "all"):
        raise TwistError(f"{where}: rounds must be last or all, not {rounds!r}")
    paper = entry.get("paper", {})
    for metric, value in paper.items():
        if metric not in METRICS or type(value) not in (int, float):
            raise TwistError(
                f"{where}: paper holds figures for {', '.join(METRICS)}, not {metric}: {value!r}"
            )
    return Row(entry["label"], run, _seeds(entry["seeds"], where), rounds, entry.get("against"), paper)


def _seeds(value: int | list[Any], where: str) -> tuple[int, ...]:
    """``3`` = seeds 0, 1 and 2; a list = these."""
    seeds = list(range(value)) if type(value) is int else value
    if not isinstance(seeds, list) or not seeds or any(type(seed) is not int or seed < 0 for seed in seeds):
        raise TwistError(f"{where}: seeds must be a number of seeds or a list of them, not {value!r}")
    if len(set(seeds)) < len(seeds):
        raise TwistError(f"{where}: seeds {seeds} names one twice")
    return tuple(seeds)


def _check_comparison(row: Row, rows: Mapping[str, Row], where: str) -> None:
    """Differences seed by seed need another row with the same data and common seeds."""
    other = rows.get(row.against or "")
    if other is None or other is row:
        raise TwistError(f"{where}: must name another row, not {row.against!r}; there are {', '.join(rows)}")
    if not set(row.seeds) & set(other.seeds):
        raise TwistError(f"{where}: {row.against!r} has no seed of this row")
    if other.run.dataset != row.run.dataset:
        raise TwistError(f"{where}: {row.against!r} is of another data set")
