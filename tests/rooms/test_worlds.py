"""Furnished rooms: what they hold, and that nothing floats, sticks in a wall or in something else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from twist.classes import SCANNET
from twist.rooms.building import Building
from twist.rooms.grammar import EXTENT_M, TILED
from twist.rooms.labels import scannet_class
from twist.rooms.plan import plan_benchmark
from twist.rooms.world import World, build_world

#: Solid things that stand at walls, so that their boxes along the axes are their true boxes.
SOLID = {"bed", "sofa", "cabinet", "bookshelf", "refrigerator", "toilet", "bathtub"}
#: What hangs on a wall, over a worktop, or on a rod.
HANGING = {"door", "window", "picture", "curtain", "shower curtain", "sink", "counter"}
#: What a room of the type is for.
PURPOSE = {
    "bedroom": "bed", "living room": "sofa", "office": "desk", "bathroom": "toilet", "kitchen": "counter",
    "meeting room": "table", "studio": "bed",
}  # fmt: skip


@cache
def worlds(room_type: str) -> list[World]:
    return [
        build_world(room_type, Building((1, k)), np.random.default_rng([7, k]), with_structure=k == 0)
        for k in range(5)
    ]


def class_of(raw: str | None) -> str:
    index = -1 if raw is None else scannet_class(raw)
    return "" if index < 0 else SCANNET.names[index]


def boxes(world: World) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Class name, lowest and highest corner of each annotated thing of the 20 classes."""
    found = []
    for number, raw in enumerate(world.raw):
        corners = world.corners[world.thing == number].reshape(-1, 3)
        if class_of(raw):
            found.append((class_of(raw), corners.min(axis=0), corners.max(axis=0)))
    return found


@pytest.mark.parametrize("room_type", EXTENT_M)
def test_furniture_stays_within_the_room_and_stands_on_the_floor(room_type):
    for world in worlds(room_type):
        room_low, room_high = world.plan.outline.min(axis=0), world.plan.outline.max(axis=0)
        for name, low, high in boxes(world):
            if name in ("wall", "floor"):
                continue
            reveal = 0.15 if name in ("door", "window") else 0.02
            assert (low[:2] > room_low - reveal).all(), name
            assert (high[:2] < room_high + reveal).all(), name
            assert low[2] > -0.01
            assert high[2] < world.plan.height + 0.01, name
            if name not in HANGING:
                # Wall cabinets hang at 1.45 m, radiators and some tubs and beds leave a gap below.
                assert low[2] < 0.17 or (name == "cabinet" and low[2] > 1.4), name


@pytest.mark.parametrize("room_type", EXTENT_M)
def test_solid_furniture_does_not_interpenetrate(room_type):
    for world in worlds(room_type):
        solid = [box for box in boxes(world) if box[0] in SOLID]
        for i, (name, low, high) in enumerate(solid):
            for other, other_low, other_high in solid[:i]:
                shared = np.minimum(high, other_high) - np.maximum(low, other_low)
                assert shared.min() < 0.07, (name, other)  # handles protrude by 5 cm


@pytest.mark.parametrize("room_type", PURPOSE)
def test_rooms_hold_what_they_are_for(room_type):
    having = sum(PURPOSE[room_type] in {name for name, _, _ in boxes(world)} for world in worlds(room_type))
    assert having >= 4


@pytest.mark.parametrize("room_type", EXTENT_M)
def test_every_room_has_a_way_in_and_faces_of_known_things(room_type):
    for world in worlds(room_type):
        assert "door" in {name for name, _, _ in boxes(world)}
        assert world.raw.count("floor") == world.raw.count("ceiling") == 1
        assert world.thing.max() == len(world.raw) - 1
        assert world.paint.max() == len(world.paints) - 1
        assert np.isfinite(world.vertices).all()


def test_tiled_rooms_have_tiled_floors():
    for room_type in TILED:
        for world in worlds(room_type):
            floor = world.paint[world.thing == world.raw.index("floor")][0]
            assert world.paints[floor].texture == "tiles"


def test_all_instance_classes_appear_within_sixty_rooms():
    seen: set[str] = set()
    for plan in plan_benchmark(0, 60, 0):
        rng = np.random.default_rng(plan.room_seed(1))
        world = build_world(plan.room_type, Building((plan.seed, plan.building)), rng)
        seen |= {class_of(raw) for raw in world.raw}
    assert seen >= set(SCANNET.names)


def test_columns_and_beams_stand_in_some_rooms_on_request_only():
    def structures(*, with_structure: bool) -> set[str | None]:
        return {
            raw
            for k in range(6)
            for raw in build_world(
                "office", Building((0, 0)), np.random.default_rng(k), with_structure=with_structure
            ).raw
        } & {"column", "beam"}

    assert structures(with_structure=True) == {"column", "beam"}
    assert structures(with_structure=False) == set()
