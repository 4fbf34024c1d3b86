"""Which scans a benchmark of generated rooms consists of; cheap, and the same for the same seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twist.errors import TwistError

_GOLDEN = (math.sqrt(5) - 1) / 2

#: Room types and their shares. Wet rooms are more frequent than in real buildings, so that 30 validation
#: scenes hold several of each of their classes.
TYPES: dict[str, float] = {
    "bedroom": 0.20, "living room": 0.19, "office": 0.17, "bathroom": 0.20, "kitchen": 0.13, "studio": 0.05,
    "meeting room": 0.04, "utility room": 0.02,
}  # fmt: skip

S3DIS_TYPES: dict[str, float] = {
    "office": 0.5, "meeting room": 0.2, "living room": 0.12, "bathroom": 0.06, "kitchen": 0.08,
    "utility room": 0.04,
}  # fmt: skip
_S3DIS_NAME = {
    "office": "office", "meeting room": "conferenceRoom", "living room": "lounge", "bathroom": "WC",
    "kitchen": "pantry", "utility room": "storage",
}  # fmt: skip

#: Chances that a training room is scanned once, twice or three times; validation rooms are scanned once.
_SCANS = (0.55, 0.3, 0.15)

#: How rooms are dealt to the S3DIS areas, counted from 0; a quarter goes to Area_5, the test area.
_DEAL = (0, 1, 4, 2, 3, 5, 4)

_SPLITS = ("train", "val", "area")


@dataclass(frozen=True)
class ScenePlan:
    """All that is needed to make one scan: ``make_scene`` draws everything else from these numbers.

    name: ``scene0012_01``, or ``Area_3/office_2``
    split: train or val; ``area`` for the S3DIS layout
    room: number of the room within its split; scan: which of the room's scans; building: its furniture pool
    """

    name: str
    split: str
    seed: int
    room: int
    scan: int
    room_type: str
    building: int

    @property
    def scene_name(self) -> str:
        """The name without a folder, as prepared scenes have it: ``Area_3_office_2``."""
        return self.name.replace("/", "_")

    def room_seed(self, stage: int) -> list[int]:
        """Seed of a stage that all scans of the room share."""
        return [self.seed, _SPLITS.index(self.split), self.room, stage]

    def scan_seed(self, stage: int) -> list[int]:
        """Seed of a stage of this scan alone."""
        return [*self.room_seed(stage), self.scan]


def plan_benchmark(train_scenes: int, val_scenes: int, seed: int) -> list[ScenePlan]:
    """The scans of a ScanNet-like benchmark, training scans first.

    Rooms of both splits share buildings, and so furniture models; a room and its re-scans never cross splits.
    A benchmark of more training scenes begins with the same ones.
    """
    if min(train_scenes, val_scenes) < 0 or train_scenes + val_scenes == 0:
        raise TwistError("rooms: the number of scenes must be positive")
    plans = _split(train_scenes, "train", seed, first_name=0)
    first_val = plans[-1].room + 1 if plans else 0
    return plans + _split(val_scenes, "val", seed, first_name=first_val)


def _split(scenes: int, split: str, seed: int, first_name: int) -> list[ScenePlan]:
    plans: list[ScenePlan] = []
    rooms_per_building = 20 if split == "train" else 8
    room = 0
    while len(plans) < scenes:
        rng = np.random.default_rng([seed, _SPLITS.index(split), room, 0])
        scans = 1 + int(rng.choice(3, p=_SCANS)) if split == "train" else 1
        room_type = _type_of_room(TYPES, seed + _SPLITS.index(split), room)
        for scan in range(min(scans, scenes - len(plans))):
            name = f"scene{first_name + room:04d}_{scan:02d}"
            plans.append(ScenePlan(name, split, seed, room, scan, room_type, room // rooms_per_building))
        room += 1
    return plans


def plan_areas(rooms: int, seed: int) -> list[ScenePlan]:
    """The rooms of an S3DIS-like benchmark, dealt to six areas; each area has furniture of its own."""
    if rooms < 6:
        raise TwistError(
            f"rooms: the S3DIS layout has six areas, so {rooms} rooms are too few; ask for 6 or more"
        )
    counts: dict[tuple[int, str], int] = {}
    plans = []
    for room in range(rooms):
        area = _DEAL[room % len(_DEAL)]
        room_type = _type_of_room(S3DIS_TYPES, seed, room)
        counts[area, room_type] = counts.get((area, room_type), 0) + 1
        name = f"Area_{area + 1}/{_S3DIS_NAME[room_type]}_{counts[area, room_type]}"
        plans.append(ScenePlan(name, "area", seed, room, 0, room_type, 1000 + area))
    return sorted(plans, key=lambda plan: plan.building)


def _type_of_room(shares: dict[str, float], seed: int, room: int) -> str:
    """A golden-ratio sequence, so that any run of rooms holds the types in nearly their shares."""
    at = (np.random.default_rng([seed, 99]).random() + room * _GOLDEN) % 1
    edges = np.cumsum(list(shares.values()))
    return list(shares)[int(np.searchsorted(edges, at * edges[-1], side="right"))]
