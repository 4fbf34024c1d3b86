"""Looking at one raw scan: its files alone, or all it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.inspection.density import Density, measure_density
from twist.preparation import FORMATS, scene_facts
from twist.scene import Scene
from twist.settings import Settings

#: Sides of a scan, metres: beyond them the unit is wrong.
_SMALLEST_M, _LARGEST_M = 0.3, 500.0
#: With a smaller share of equal vertex labels, mesh and annotation are hardly of one scan and release.
_LEAST_AGREEMENT = 0.9


@dataclass(frozen=True)
class ScanRecord:
    """What was found in one scan.

    problems: what stops a run or falsifies it; notes: what is odd and goes on; one line each, naming the file
    facts: as in the manifest of preparation, with ``class_points`` (class name -> points), ``unlabelled``
    (points) and ``colours`` (least, greatest); None where the scan was not read
    """

    name: str
    problems: list[str]
    notes: list[str]
    facts: dict[str, Any] | None = None
    density: Density | None = None


def inspect_scan(
    task: tuple[str, bool], settings: Settings, raw: Path, label_map: dict[str, int], quick: bool
) -> ScanRecord:
    """Look at one scan of a data set. task: its name, and whether to measure its density.

    quick: names, sizes and headers of its files only. Never raises TwistError: it is among the problems.
    """
    name, with_density = task
    layout = FORMATS[settings.data.format]
    try:
        folder = layout.find(raw, name)
        problems = layout.file_problems(folder)
        if problems or quick:
            return ScanRecord(name, problems, [])
        scene, report = layout.read(folder, label_map)
    except (TwistError, OSError) as error:  # OSError: a folder or file that may not be read
        return ScanRecord(name, [str(error)], [])
    facts = scene_facts(scene, report, layout.table)
    notes = [*facts.pop("warnings"), *_odd_colours(scene, folder)]
    facts |= _labels_and_colours(scene, layout.table)
    density = measure_density(scene, layout.table, settings) if with_density else None
    return ScanRecord(name, _contradictions(folder, facts), notes, facts, density)


def inspector(settings: Settings, raw: Path, label_map: dict[str, int], quick: bool) -> partial[ScanRecord]:
    """``inspect_scan`` of one data set, as a function of the task alone."""
    return partial(inspect_scan, settings=settings, raw=raw, label_map=label_map, quick=quick)


def _labels_and_colours(scene: Scene, table: ClassTable) -> dict[str, Any]:
    unlabelled, *points = np.bincount(scene.semantic + 1, minlength=len(table) + 1).tolist()
    return {
        "class_points": {name: count for name, count in zip(table.names, points, strict=True) if count},
        "unlabelled": unlabelled,
        "colours": [int(scene.rgb.min()), int(scene.rgb.max())],
    }


def _contradictions(folder: Path, facts: dict[str, Any]) -> list[str]:
    """What can be read and yet cannot be right."""
    problems = []
    longest = max(facts["extent_m"])
    if not _SMALLEST_M <= longest <= _LARGEST_M:
        problems.append(f"{folder}: its longest side is {longest:g} m; coordinates must be metres")
    agreement = facts["label_agreement"]
    if agreement is not None and agreement < _LEAST_AGREEMENT:
        problems.append(
            f"{folder}: only {agreement:.1%} of the vertices have the class that the labels file gives them; "
            "its files hardly belong together (or the label map is another): download the scan again"
        )
    return problems


def _odd_colours(scene: Scene, folder: Path) -> list[str]:
    if scene.rgb.max() <= 1:
        return [f"{folder}: no colour is above 1; were they stored as 0 to 1, or are there none?"]
    if (scene.rgb == scene.rgb[:, :1]).all():
        return [f"{folder}: it has no colours, only grey"]
    return []
