"""Putting things into a room: at walls, beside each other, on top, free; only where they fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twist.rooms.building import Building
from twist.rooms.floorplan import Floorplan, Footprint, Pose, Wall
from twist.rooms.furniture import KINDS
from twist.rooms.shapes import Shape, bounds


@dataclass(frozen=True)
class Thing:
    """One thing in the room: its raw category, None for clutter that nobody annotates, and its surfaces."""

    raw: str | None
    shape: Shape


@dataclass(frozen=True)
class Placed:
    """Where a thing stands: its pose and its own lowest and highest corner, (3,) each, metres."""

    pose: Pose
    low: np.ndarray
    high: np.ndarray
    footprint: Footprint

    @property
    def width(self) -> float:
        return float(self.high[0] - self.low[0])


class Furnisher:
    """Collects the things of one room. Every choice comes from its random generator."""

    def __init__(self, plan: Floorplan, building: Building, rng: np.random.Generator) -> None:
        self.plan = plan
        self.building = building
        self.rng = rng
        self.things: list[Thing] = []
        self.covered_m2 = 0.0

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def model(self, kind: str, *size: float) -> Shape:
        """Any of the building's models of a kind."""
        return self.building.model(kind, int(self.rng.integers(1 << 30)), *size)

    def add(self, kind: str, shape: Shape, pose: Pose) -> Placed:
        """Put a thing where it is told, without asking whether it fits."""
        names = KINDS[kind].raw
        raw = names[int(self.rng.integers(len(names)))] if names else None
        self.things.append(Thing(raw, pose.place(shape)))
        footprint = Footprint.of(shape, pose)
        if footprint.z0 < 0.3:
            self.covered_m2 += footprint.area
        self.plan.footprints.append(footprint)
        return Placed(pose, *bounds(shape), footprint)

    def try_add(
        self, kind: str, shape: Shape, pose: Pose, front: float = 0.0, beneath: tuple[Placed, ...] = ()
    ) -> Placed | None:
        """Put a thing if it fits with ``front`` metres free before it.

        beneath: things whose boxes it may enter, such as the table that a chair is pushed under.
        """
        ignoring = tuple(placed.footprint for placed in beneath)
        if not self.plan.fits(Footprint.of(shape, pose, front=front), ignoring):
            return None
        return self.add(kind, shape, pose)

    def at_wall(
        self, kind: str, shape: Shape | None = None, *, front: float = 0.4, tries: int = 40,
        wall: Wall | None = None, gap: float = 0.02, z: float = 0.0,
    ) -> Placed | None:  # fmt: skip
        """Put a thing with its back to some wall, in a corner more often than not."""
        shape = self.model(kind) if shape is None else shape
        low, high = bounds(shape)
        for _ in range(tries):
            chosen = wall or self.plan.walls[int(self.rng.integers(len(self.plan.walls)))]
            room = chosen.length - (high[0] - low[0])
            if room < 0.02:
                continue
            u = room * (self.rng.random() if self.chance(0.6) else self.rng.integers(2) * 0.98 + 0.01)
            pose = chosen.pose(float(high[0] + u), float(high[1] + gap), z)
            if placed := self.try_add(kind, shape, pose, front):
                return placed
        return None

    def free(
        self, kind: str, shape: Shape | None = None, *, margin: float = 0.5, tries: int = 30
    ) -> Placed | None:
        """Put a thing along the walls' directions near the middle, with ``margin`` metres around it."""
        shape = self.model(kind) if shape is None else shape
        middle, extent = self.plan.outline.mean(axis=0), np.ptp(self.plan.outline, axis=0)
        for _ in range(tries):
            x, y = self.rng.normal(middle, extent / 6)
            turn = float(self.rng.integers(4)) * math.pi / 2 + float(self.rng.normal(0, 0.03))
            pose = Pose(float(x), float(y), 0.0, turn)
            if self.plan.fits(Footprint.of(shape, pose, margin=margin)):
                return self.add(kind, shape, pose)
        return None

    def beside(
        self, placed: Placed, kind: str, side: int, shape: Shape | None = None, gap: float = 0.05
    ) -> Placed | None:
        """Put a thing next to another at the same wall, backs in line; side is -1 or +1 along its x."""
        shape = self.model(kind) if shape is None else shape
        low, high = bounds(shape)
        dx = placed.high[0] + gap - low[0] if side > 0 else placed.low[0] - gap - high[0]
        return self.try_add(kind, shape, placed.pose.beside(dx, placed.high[1] - high[1]))

    def on_top(self, placed: Placed, kind: str, count: int, z: float | None = None) -> None:
        """Strew up to ``count`` small things over a thing's upper side, ``z`` above its pose."""
        height = float(placed.high[2]) if z is None else z
        for _ in range(count):
            shape = self.model(kind)
            low, high = bounds(shape)
            spare = (placed.high - placed.low - (high - low))[:2] / 2
            if (spare <= 0).any():
                continue
            dx, dy = (placed.low + placed.high)[:2] / 2 + self.rng.uniform(-spare, spare)
            turn = float(self.rng.choice([0.0, 0.0, 0.3, -0.4]))
            self.try_add(kind, shape, placed.pose.beside(dx, dy, height, turn), beneath=(placed,))

    def hang(
        self, kind: str, low: float, high: float, shape: Shape | None = None, wall: Wall | None = None
    ) -> Placed | None:
        """Hang a thing on some wall with its lower edge between two heights, clear of openings."""
        shape = self.model(kind) if shape is None else shape
        return self.at_wall(
            kind, shape, front=0.05, gap=0.001, z=float(self.rng.uniform(low, high)), wall=wall, tries=15
        )

    def above(self, placed: Placed, kind: str, gap: float, shape: Shape | None = None) -> Placed | None:
        """Hang a thing on the wall above a thing that stands at it."""
        shape = self.model(kind) if shape is None else shape
        pose = placed.pose.beside(0.0, placed.high[1] + 0.02, float(placed.high[2]) + gap)
        return self.try_add(kind, shape, pose)

    def keep_clear(self, wall: Wall, u0: float, u1: float, z0: float, z1: float, depth: float) -> None:
        """Let nothing solid be put before a part of a wall."""
        pose = wall.pose((u0 + u1) / 2)
        half = (u1 - u0) / 2
        self.plan.footprints.append(Footprint.rectangle(pose, (-half, -depth), (half, 0.0), z0, z1))
