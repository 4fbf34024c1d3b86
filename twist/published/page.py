"""A table of the paper beside our figures, as a page to read and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twist.experiments.rows import Row, command, score_file
from twist.experiments.scores import Line
from twist.published.tables import PaperTable
from twist.showing.tables import as_markdown, plus_minus

CSV_COLUMNS = (
    "row", "run", "ratio_pct", "seeds", "round", "figure", "ours", "std", "paper", "difference",
    "scenes", "settings", "twist", "revision", "command",
)  # fmt: skip


def comparison_page(
    table: PaperTable,
    dataset: str,
    lines: Sequence[Line],
    singles: Sequence[Mapping[str, Any]],
    plot: str,
) -> str:
    """The page: title, what is compared, table, plot, what has not been run, with which code it was made.

    lines: of ``table_lines``; singles: of ``single_results``; plot: its path from the page
    """
    number = table.name.removeprefix("table")
    title = f"Table {number} of the paper and {dataset}" if table.of_the_paper else dataset
    made_with = sorted({f"twist {one['twist']}, commit {one['revision'] or 'unknown'}" for one in singles})
    parts = [
        f"# {title}: {table.title}",
        _about(table, dataset),
        *(_by_class(table, lines) if table.name == "table12" else [_by_metric(table, lines)]),
        f"![{table.title}]({plot})",
        _not_run(table, lines),
        f"Made with {'; '.join(made_with)}." if made_with else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def comparison_rows(
    table: PaperTable, lines: Sequence[Line], singles: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The same for a CSV: a mapping for each row and figure, unrounded, with where it comes from."""
    rows = []
    for row, line in _with_lines(table, lines):
        round_number = line.round if line else None
        sources = [one for one in singles if one["row"] == row.label and one["round"] == round_number]
        facts = {
            "row": row.label,
            "run": row.run.name,
            "ratio_pct": row.run.ratio,
            "seeds": _joined(one["seed"] for one in sources),
            "round": round_number,
            **{
                key: _joined(one[key] for one in sources)
                for key in ("scenes", "settings", "twist", "revision")
            },
            "command": command(*(score_file(row.run_of(one["seed"])) for one in sources)) if sources else "",
        }
        for figure in table.figures:
            score, paper = line.scores[figure] if line else None, row.paper.get(figure)
            rows.append(
                facts
                | {"figure": figure, "ours": score and score.mean, "std": score and score.spread}
                | {"paper": paper, "difference": _difference(line, figure)}
            )
    return rows


def _about(table: PaperTable, dataset: str) -> str:
    text = (
        "Percent. Ours: mean ± sample standard deviation over the seeds that have been run, on the scored "
        "scenes of the data set."
    )
    if not any(row.paper for row in table.rows):
        return text
    text += f" The paper's figures are of {table.scored_on}; `Δ` is ours minus the paper's."
    if dataset not in ("scannet", "s3dis") or table.name == "table12":
        text += " **They are not of the same scenes**: compare how the figures run, not their height."
    return text


def _by_metric(table: PaperTable, lines: Sequence[Line]) -> str:
    """A line for each row; columns without any figure are left out."""
    rows = []
    for row, line in _with_lines(table, lines):
        cells: dict[str, Any] = {"row": row.label, "round": line and line.round, "seeds": line and line.seeds}
        for metric in table.figures:
            score, difference = line.scores[metric] if line else None, _difference(line, metric)
            cells[metric] = score and plus_minus(score.mean, score.spread)
            cells[f"paper {metric}"] = row.paper.get(metric)
            cells[f"Δ {metric}"] = None if difference is None else f"{difference:+.1f}"
        rows.append(cells)
    if not rows:
        return "Nothing has been run yet."
    shown = {column for cells in rows for column, value in cells.items() if value is not None}
    always = {"row", *table.figures}
    return as_markdown(rows, [column for column in rows[0] if column in shown | always])


def _by_class(table: PaperTable, lines: Sequence[Line]) -> Iterator[str]:
    """A section for each label ratio: classes down, methods across, ``ours / paper (Δ)`` in the cells."""
    if any(row.paper for row in table.rows):
        yield "In the cells: ours / the paper's (Δ)."
    of_row = {row.label: line for row, line in _with_lines(table, lines)}
    for ratio in dict.fromkeys(row.run.ratio for row in table.rows):
        rows = [row for row in table.rows if row.run.ratio == ratio]
        cells = [
            {"class": "mean" if figure == "AP50" else figure}
            | {row.label.split(": ")[1]: _class_cell(row, of_row[row.label], figure) for row in rows}
            for figure in table.figures
        ]
        yield f"## {ratio} % labelled\n\n" + as_markdown(cells, list(cells[0]))


def _class_cell(row: Row, line: Line | None, figure: str) -> str:
    score, paper, difference = line and line.scores[figure], row.paper.get(figure), _difference(line, figure)
    text = f"{score.mean:.1f}" if score else ""
    if paper is not None:
        text += f" / {paper:.1f}"
    return (text if difference is None else f"{text} ({difference:+.1f})").strip()


def _not_run(table: PaperTable, lines: Sequence[Line]) -> str:
    """The commands of the rows that are empty."""
    missing = [row for row, line in _with_lines(table, lines) if line is None]
    commands = [f"- {row.label}: `{command(score_file(row.run))}`" for row in missing]
    return "\n".join(["Not run yet, with the command of one seed:", "", *commands]) if missing else ""


def _with_lines(table: PaperTable, lines: Sequence[Line]) -> Iterator[tuple[Row, Line | None]]:
    """Each row with its lines; a row of the paper's that has not been run with None."""
    for row in table.rows:
        own = [line for line in lines if line.row.label == row.label]
        for line in own or ([None] if table.of_the_paper else []):
            yield row, line


def _difference(line: Line | None, figure: str) -> float | None:
    score = line and line.scores[figure]
    return score.mean - line.row.paper[figure] if score and figure in line.row.paper else None


def _joined(values: Iterator[Any]) -> str:
    """Distinct values with spaces between."""
    return " ".join(dict.fromkeys(str(value) for value in values if value is not None))
