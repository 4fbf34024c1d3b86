"""Which scenes train, which are scored, and which of the training scenes are labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twist.errors import TwistError
from twist.files import plain_names
from twist.formats.report import some
from twist.formats.s3dis import list_rooms, missing_rooms
from twist.formats.scene_lists import read_list
from twist.rooms.plan import ScenePlan, plan_areas, plan_benchmark
from twist.settings import Settings

#: Draws compared for one list of labelled scenes; see ``draw_labelled``.
_CANDIDATES = 100


@dataclass(frozen=True)
class SceneLists:
    """Names of the training scenes and of the scored ones."""

    train: tuple[str, ...]
    val: tuple[str, ...]

    def chunks(self, size: int) -> dict[str, tuple[str, ...]]:
        """All scenes in portions of ``size``, by name ``000``, ``001``, …: one preparation job each."""
        return portions(self.train + self.val, size)


def portions(names: tuple[str, ...], size: int, prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Scenes in portions of ``size``, by name: ``prefix`` and a number of three digits."""
    starts = range(0, len(names), size)
    return {f"{prefix}{k:03d}": names[start : start + size] for k, start in enumerate(starts)}


def scene_lists(settings: Settings, raw: Path) -> SceneLists:
    """The scenes of a data set: planned (generated data), listed, or found (S3DIS by area).

    Raises TwistError that says which list is missing and where it is published, or which listed rooms of
    S3DIS are missing.
    """
    if settings.data.generated:
        names = tuple(plan.scene_name for plan in generated_plans(settings))
        if settings.data.format == "s3dis":
            return _by_area(names)
        return SceneLists(names[: settings.rooms.train_scenes], names[settings.rooms.train_scenes :])
    if not raw.is_dir():
        raise TwistError(
            f"the raw data folder {raw} does not exist. Sign the data set's terms, download it, and set "
            "data.raw in its file under config/datasets/ to where it lies; docs/data.md has the steps"
        )
    if settings.data.format == "s3dis" and not settings.data.lists_folder:
        lists = _by_area(plain_names(list_rooms(raw), raw))
    else:
        own, folder = settings.data.own_lists, lists_folder(settings, raw)
        lists = SceneLists(
            read_list(folder / settings.data.train_list, own), read_list(folder / settings.data.val_list, own)
        )
    every = lists.train + lists.val
    if settings.data.format == "s3dis" and (missing := missing_rooms(raw, every)):
        raise TwistError(
            f"{raw}: {len(missing)} of the {len(every)} listed rooms are missing, {some(missing)}; "
            "download the rest, or name lists of your own in data.lists_folder"
        )
    check_disjoint(raw, lists)
    return lists


def check_disjoint(raw: Path, lists: SceneLists) -> None:
    """Raises TwistError for an empty list and for scenes that both train and are scored."""
    both = set(lists.train) & set(lists.val)
    if both or not lists.train or not lists.val:
        raise TwistError(
            f"{raw}: {len(lists.train)} training and {len(lists.val)} scored scenes, {len(both)} in both; "
            "both lists need scenes, and none may be in both"
        )


def hidden_scenes(settings: Settings, raw: Path) -> tuple[str, ...]:
    """The benchmark's hidden test scenes: predicted for a submission, never trained on or scored here.

    Raises TwistError where the data set has none and for scenes that also train or are scored.
    """
    if settings.data.generated or settings.data.format != "scannet":
        raise TwistError(
            "only ScanNet has hidden test scenes; submission-val.zip holds the predictions of the scored ones"
        )
    lists, path = scene_lists(settings, raw), hidden_list(settings, raw)
    names = read_list(path, settings.data.own_lists)
    known = sorted(set(names) & {*lists.train, *lists.val})
    if known or not names:
        raise TwistError(
            f"{path}: {len(names)} scenes, {len(known)} of which also train or are scored: {some(known)}; "
            "hidden test scenes must be others"
        )
    return names


def hidden_list(settings: Settings, raw: Path) -> Path:
    """The file that names the hidden test scenes."""
    return lists_folder(settings, raw) / settings.data.test_list


def lists_folder(settings: Settings, raw: Path) -> Path:
    """Where the scene lists of a data set lie."""
    return Path(settings.data.lists_folder) if settings.data.lists_folder else raw


def generated_plans(settings: Settings) -> list[ScenePlan]:
    """The planned scans of a generated data set, training scans first; S3DIS-like: all rooms by area."""
    rooms = settings.rooms
    if settings.data.format == "s3dis":
        return plan_areas(rooms.train_scenes + rooms.val_scenes, rooms.seed)
    return plan_benchmark(rooms.train_scenes, rooms.val_scenes, rooms.seed)


def _by_area(names: tuple[str, ...]) -> SceneLists:
    """S3DIS's usual split: Area 5 is scored, the others train."""
    scored = tuple(name for name in names if name.startswith("Area_5_"))
    return SceneLists(tuple(name for name in names if name not in set(scored)), scored)


def labelled_scenes(
    settings: Settings, raw: Path, ratio: str, seed: int, train: Sequence[str], facts: Mapping[str, Any]
) -> tuple[str, ...]:
    """The labelled part of the training scenes: all at 100 %, a list where the data set has one, else
    ``draw_labelled``.

    facts: of the scenes, from preparation; of a scene that they do not describe, nothing is known
    Raises TwistError for a ratio below one scene, for listed scenes outside the training scenes and for
    labelled scenes without annotation: Ψ would take all their proposals for background.
    """
    if float(ratio) == 100:
        names, source = tuple(train), "at 100 % every training scene is labelled"
        advice = "take them off the training list, or ask for a smaller ratio"
    elif not settings.data.label_lists:
        return draw_labelled(float(ratio), seed, train, facts)
    else:
        path = label_list(settings, raw, ratio, seed)
        names, source = read_list(path, settings.data.own_lists), f"{path}"
        advice = "name annotated ones alone"
        unknown = sorted(set(names) - set(train))
        if unknown:
            raise TwistError(
                f"{path}: {len(unknown)} scenes are not in the training list, first {unknown[0]}"
            )
    if bare := without_annotation(names, facts):
        raise TwistError(
            f"{source}: {len(bare)} of the {len(names)} labelled scenes have no annotation, first {bare[0]}; "
            f"{advice} (docs/own-data.md)"
        )
    return names


def without_annotation(names: Sequence[str], facts: Mapping[str, Any]) -> list[str]:
    """Those of the scenes of which preparation says that they came without annotation."""
    return [name for name in names if not facts.get(name, {}).get("labelled", True)]


def labelled_count(settings: Settings, raw: Path, ratio: str, seed: int, train: int) -> int:
    """How many of ``train`` training scenes ``labelled_scenes`` labels, known before any is prepared."""
    if settings.data.label_lists and float(ratio) < 100:
        return len(read_list(label_list(settings, raw, ratio, seed), settings.data.own_lists))
    return scenes_of_ratio(float(ratio), train)


def label_list(settings: Settings, raw: Path, ratio: str, seed: int) -> Path:
    """The file that lists the labelled scenes, where the data set has such lists."""
    name = settings.data.label_lists.replace("{ratio}", ratio).replace("{seed}", str(seed))
    return lists_folder(settings, raw) / name


def scenes_of_ratio(ratio_pct: float, scenes: int) -> int:
    """How many training scenes a ratio labels. Raises TwistError for less than one or more than all."""
    count = round(scenes * ratio_pct / 100)
    if not 0 < ratio_pct <= 100:
        raise TwistError(f"a label ratio of {ratio_pct:g} % is not between 0 and 100")
    if count < 1:
        raise TwistError(
            f"{ratio_pct:g} % of {scenes} training scenes is less than one scene; "
            f"the smallest ratio here is {100 / scenes:.3g} %"
        )
    return count


def draw_labelled(
    ratio_pct: float, seed: int, train: Sequence[str], facts: Mapping[str, Any]
) -> tuple[str, ...]:
    """A seeded draw, stratified by room type and class coverage [our choice].

    facts: per scene ``scene_type`` and ``instances`` (class name -> count), from preparation.
    Of 100 random draws in which each room type has its share, the first that shows most classes is taken:
    where a third of the classes is never labelled, nobody can learn them, and a comparison says little.
    The drawing looks at labels that training never sees. Scenes without annotation are never drawn; raises
    TwistError where too few have one.
    """
    count = scenes_of_ratio(ratio_pct, len(train))
    bare = without_annotation(train, facts)
    annotated = [name for name in train if name not in set(bare)] if bare else train
    if len(annotated) < count:
        raise TwistError(
            f"{ratio_pct:g} % of {len(train)} training scenes are {count}, but {len(annotated)} have an "
            f"annotation; annotate more, or ask for a smaller ratio. Without one is {bare[0]}"
        )
    rng = np.random.default_rng([seed, 17])
    types = {name: facts[name]["scene_type"] or "" for name in annotated}
    draws = [_draw_by_type(count, types, rng) for _ in range(_CANDIDATES)]
    coverage = [len({c for name in draw for c in facts[name]["instances"]}) for draw in draws]
    return tuple(sorted(draws[int(np.argmax(coverage))]))


def draw_rooms(ratio_pct: float, seed: int, train: Sequence[str]) -> tuple[str, ...]:
    """A seeded draw of S3DIS rooms, stratified by the room type in their names [our choice].

    No label is looked at, so the lists can be made, and shipped, without the data. Draws of several ratios
    are independent, as those of ScanNet's data-efficient benchmark are.
    """
    count = scenes_of_ratio(ratio_pct, len(train))
    types = {name: name.split("_")[2] for name in train}
    return tuple(sorted(_draw_by_type(count, types, np.random.default_rng([seed, count]))))


def _draw_by_type(count: int, type_of: Mapping[str, str], rng: np.random.Generator) -> list[str]:
    """Walk the room types in proportion: sort by type in a random order, take every n-th scene."""
    shuffled = rng.permutation(np.array(list(type_of)))
    types = rng.permutation(np.array(sorted(set(type_of.values()))))
    rank = {room_type: place for place, room_type in enumerate(types.tolist())}
    ordered = sorted(shuffled.tolist(), key=lambda name: rank[type_of[name]])
    places = (np.arange(count) + rng.random()) * len(ordered) / count
    return [ordered[int(place)] for place in places]
