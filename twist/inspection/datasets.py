"""Looking at a whole raw data set before anything is made of it: every problem at once, and what it holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from twist.errors import TwistError
from twist.files import file_sha256
from twist.formats.report import some
from twist.formats.scannet_labels import LABEL_MAP_SHA256, find_label_map, read_label_map
from twist.formats.scene_lists import read_list
from twist.inspection.density import advice, summarise
from twist.inspection.scans import ScanRecord, inspector
from twist.parallel import map_in_processes
from twist.preparation import FORMATS
from twist.settings import Settings
from twist.splits import (
    SceneLists,
    check_disjoint,
    label_list,
    labelled_scenes,
    lists_folder,
    scene_lists,
    without_annotation,
)

_RATIOS = ("1", "5", "10", "20")
#: Scans whose density is measured, evenly spread.
_DENSITY_SCANS = 16
_LINE_EVERY_S = 5.0

T = TypeVar("T")


@dataclass
class Inspection:
    """What was found; problems stop a run, notes do not, advice is on settings."""

    dataset: str
    format: str
    raw: str
    quick: bool
    lists: SceneLists = field(default_factory=lambda: SceneLists((), ()))
    labelled: dict[str, int] = field(default_factory=dict)
    scans: list[ScanRecord] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    density: dict[str, Any] | None = None
    advice: list[str] = field(default_factory=list)

    def attempt(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """The function's answer; None, and a problem more, where it raises TwistError or may not read."""
        try:
            return function(*arguments)
        except (TwistError, OSError) as error:
            self.problems.append(str(error))
            return None

    @property
    def parts(self) -> dict[str, list[dict[str, Any]]]:
        """Facts of the training scans and of the scored ones that were read."""
        facts = {scan.name: scan.facts for scan in self.scans if scan.facts is not None}
        parts = {"train": self.lists.train, "val": self.lists.val}
        return {part: [facts[name] for name in names if name in facts] for part, names in parts.items()}

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values; ``classes`` are the benchmark's, in its order."""
        kept = ("dataset", "raw", "quick", "lists", "labelled", "problems", "notes", "density", "advice")
        record = {key: getattr(self, key) for key in kept} | {"lists": asdict(self.lists)}
        record["classes"] = list(FORMATS[self.format].table.names)
        record["scans"] = {
            scan.name: {"problems": scan.problems, "notes": scan.notes, "facts": scan.facts}
            for scan in self.scans
        }
        return record


def inspect_dataset(dataset: str, settings: Settings, *, quick: bool = False, jobs: int = 1) -> Inspection:
    """Look at all that a run on the data set will read.

    quick: lists, label map, and names, sizes and headers of every scan's files; else every scan is read in
    full, one at a time a process. Raises TwistError only for what the settings lack.
    """
    if not settings.data.raw:
        raise TwistError(f"config/datasets/{dataset}.yaml: set data.raw to the raw data's folder")
    raw = Path(settings.data.raw)
    found = Inspection(dataset, settings.data.format, str(raw), quick)
    if not raw.is_dir():
        how = f"; make it: snakemake --cores 2 results/data/{dataset}/scenes.json"
        how = how if settings.data.generated else "; set data.raw to where your download lies (docs/data.md)"
        found.problems.append(f"the raw data folder {raw} does not exist{how}")
        return found
    _look_at_lists(found, settings, raw)
    label_map = _look_at_label_map(found, settings, raw)
    layout = FORMATS[settings.data.format]
    there = tuple(found.attempt(layout.names, raw) or ())
    names = found.lists.train + found.lists.val or there
    dense = set(names[:: max(1, len(names) // _DENSITY_SCANS)][:_DENSITY_SCANS])
    tasks = [(name, name in dense) for name in names]
    # A map that could not be read is a problem already; with an empty one every category would be another.
    look = inspector(settings, raw, label_map or {}, quick or label_map is None)
    found.scans = list(_with_progress(map_in_processes(look, tasks, jobs, chunksize=4), len(tasks)))
    _look_at_all(found, settings, raw, there)
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _look_at_lists(found: Inspection, settings: Settings, raw: Path) -> None:
    data, folder = settings.data, lists_folder(settings, raw)
    if data.generated or (data.format == "s3dis" and not data.lists_folder):
        found.lists = found.attempt(scene_lists, settings, raw) or found.lists
    else:
        paths = (folder / data.train_list, folder / data.val_list)
        train, val = (found.attempt(read_list, path, data.own_lists) for path in paths)
        found.lists = SceneLists(train or (), val or ())
        if train is not None and val is not None:
            found.attempt(check_disjoint, folder, found.lists)
    if not data.label_lists or not found.lists.train:
        return
    for ratio in _RATIOS:
        path = label_list(settings, raw, ratio, 0)
        if not path.is_file():
            found.notes.append(f"{path} is missing; only runs at {ratio} % need it")
            continue
        names = found.attempt(labelled_scenes, settings, raw, ratio, 0, found.lists.train, {})
        if names:
            found.labelled[ratio] = len(names)


def _look_at_label_map(found: Inspection, settings: Settings, raw: Path) -> dict[str, int] | None:
    if not FORMATS[settings.data.format].needs_label_map:
        return {}
    path = found.attempt(find_label_map, raw)
    label_map = found.attempt(read_label_map, path) if path else None
    if label_map and not settings.data.generated and file_sha256(path) != LABEL_MAP_SHA256:
        found.notes.append(f"{path} is not the published label map; fine if it is your own")
    return label_map


def _with_progress(records: Iterable[ScanRecord], total: int) -> Iterator[ScanRecord]:
    """Pass records on, and say now and then how far it is."""
    said = time.monotonic()
    for done, record in enumerate(records, start=1):
        if time.monotonic() - said > _LINE_EVERY_S:
            said = time.monotonic()
            print(f"{done}/{total} scans", flush=True)
        yield record


def _look_at_all(found: Inspection, settings: Settings, raw: Path, there: tuple[str, ...]) -> None:
    """What only the scans together show."""
    described = {scan.name: scan.facts for scan in found.scans if scan.facts}
    bare = set(without_annotation(list(described), described))
    for ratio in found.labelled:
        found.attempt(labelled_scenes, settings, raw, ratio, 0, found.lists.train, described)
    found.problems += [
        f"scan {name} is to be scored and has no annotation" for name in found.lists.val if name in bare
    ]
    unlabelled = [name for name in found.lists.train if name in bare]
    if unlabelled and settings.data.own_lists:
        found.notes.append(
            f"{len(unlabelled)} of {len(found.lists.train)} training scans have no annotation, first "
            f"{unlabelled[0]}: they are never drawn as labelled ones"
        )
    elif unlabelled:
        found.problems += [
            f"training scan {name} has no annotation: an incomplete download" for name in unlabelled
        ]
    extra = sorted(set(there) - {scan.name for scan in found.scans})
    if extra:
        found.notes.append(f"{len(extra)} scans are in no list and stay unused, first {extra[0]}")
    unmapped = Counter(category for facts in described.values() for category in facts["unmapped"])
    if unmapped:
        listed = [f"{category} ({count} scans)" for category, count in unmapped.most_common()]
        found.notes.append(f"categories that the label map lacks, left unlabelled: {some(listed, 10)}")
    table = FORMATS[settings.data.format].table
    for part, facts in found.parts.items():
        seen = Counter(name for scan in facts for name in scan["instances"])
        absent = [
            name for name, thing in zip(table.names, table.is_thing, strict=True) if thing and not seen[name]
        ]
        if facts and absent:
            found.notes.append(f"no {part} scan has an instance of {', '.join(absent)}")
    densities = [scan.density for scan in found.scans if scan.density is not None]
    if densities:
        found.density = summarise(densities)
        found.advice = [one.text for one in advice(found.density, settings)]
