"""Where things stand: poses, footprints, walls, and whether something fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twist.rooms.shapes import Shape, bounds, moved, turned

#: Things may touch or sink into each other by this much, metres.
_TOUCH_M = 0.01


@dataclass(frozen=True)
class Pose:
    """A place in the room: position in metres and the turn about z in radians.

    A thing in pose (x, y, z, 0) has its front towards -y.
    """

    x: float
    y: float
    z: float = 0.0
    angle: float = 0.0

    def beside(self, dx: float, dy: float, dz: float = 0.0, turn: float = 0.0) -> Pose:
        """A pose given in this one's own frame."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return Pose(self.x + c * dx - s * dy, self.y + s * dx + c * dy, self.z + dz, self.angle + turn)

    def place(self, shape: Shape) -> Shape:
        return moved(turned(shape, self.angle), self.x, self.y, self.z)


@dataclass(frozen=True)
class Footprint:
    """An upright box over an oriented rectangle: corners (4, 2) counter-clockwise, from z0 to z1."""

    corners: np.ndarray
    z0: float
    z1: float

    @classmethod
    def of(cls, shape: Shape, pose: Pose, margin: float = 0.0, front: float = 0.0) -> Footprint:
        """The footprint of a shape in a pose, grown by ``margin`` around and ``front`` towards its front."""
        low, high = bounds(shape)
        return cls.rectangle(
            pose,
            (low[0] - margin, low[1] - margin - front),
            (high[0] + margin, high[1] + margin),
            float(low[2]),
            float(high[2]),
        )

    @classmethod
    def rectangle(
        cls, pose: Pose, low: tuple[float, float], high: tuple[float, float], z0: float, z1: float
    ) -> Footprint:
        """A rectangle in a pose's frame; heights are relative to the pose."""
        ends = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
        poses = [pose.beside(x, y) for x, y in ends]
        return cls(np.array([(p.x, p.y) for p in poses]), pose.z + z0, pose.z + z1)

    @property
    def area(self) -> float:
        """Of the rectangle, m²."""
        return float(
            np.hypot(*(self.corners[1] - self.corners[0])) * np.hypot(*(self.corners[2] - self.corners[1]))
        )

    def overlaps(self, other: Footprint) -> bool:
        """Do the two boxes share more than a touch? By separating axes."""
        if self.z1 <= other.z0 + _TOUCH_M or other.z1 <= self.z0 + _TOUCH_M:
            return False
        for corners in (self.corners, other.corners):
            for edge in (corners[1] - corners[0], corners[2] - corners[1]):
                axis = edge / np.hypot(*edge)
                a, b = self.corners @ axis, other.corners @ axis
                if a.max() <= b.min() + _TOUCH_M or b.max() <= a.min() + _TOUCH_M:
                    return False
        return True

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Horizontal distance (N,) of points (N, 2) to the rectangle, 0 inside."""
        origin = self.corners[0]
        a, b = self.corners[1] - origin, self.corners[3] - origin
        length_a, length_b = np.hypot(*a), np.hypot(*b)
        u, v = (points - origin) @ a / length_a, (points - origin) @ b / length_b
        du = np.maximum(np.maximum(-u, u - length_a), 0)
        dv = np.maximum(np.maximum(-v, v - length_b), 0)
        return np.hypot(du, dv)


@dataclass(frozen=True)
class Opening:
    """A hole in a wall: from u0 to u1 along it and from z0 to z1, metres; kind is window, door or gap."""

    kind: str
    u0: float
    u1: float
    z0: float
    z1: float


@dataclass
class Wall:
    """One straight wall: from ``start`` along the unit vector ``direction``; the room lies to its left."""

    start: np.ndarray
    direction: np.ndarray
    length: float
    openings: list[Opening] = field(default_factory=list)

    @property
    def normal(self) -> np.ndarray:
        """(2,) unit vector into the room."""
        return np.array([-self.direction[1], self.direction[0]])

    def pose(self, u: float, distance: float = 0.0, z: float = 0.0) -> Pose:
        """The pose at ``u`` along the wall, ``distance`` before it, with the back towards the wall."""
        x, y = self.start + u * self.direction + distance * self.normal
        return Pose(float(x), float(y), z, math.atan2(self.normal[0], -self.normal[1]))


class Floorplan:
    """A room's outline with everything that takes up space in it.

    outline: (K, 2) float64 corners counter-clockwise, metres, right angles only
    """

    def __init__(self, outline: np.ndarray, height: float) -> None:
        self.outline = outline
        self.height = height
        self.footprints: list[Footprint] = []
        following = np.roll(outline, -1, axis=0)
        lengths = np.hypot(*(following - outline).T)
        self.walls = [
            Wall(a, (b - a) / length, float(length))
            for a, b, length in zip(outline, following, lengths, strict=True)
        ]

    @property
    def area(self) -> float:
        """Of the floor, m²."""
        x, y = self.outline.T
        return float(np.abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)

    def contains(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """(N,) bool: do points (N, 2) lie in the room, at least ``margin`` from its walls?"""
        x, y = points[:, 0, None], points[:, 1, None]
        (x0, y0), (x1, y1) = self.outline.T, np.roll(self.outline, -1, axis=0).T
        crosses = (y0 > y) != (y1 > y)
        at = x0 + (y - y0) * (x1 - x0) / np.where(y1 == y0, 1, y1 - y0)
        inside = (crosses & (x < at)).sum(axis=1) % 2 == 1
        return inside & (self._distance_to_walls(points) >= margin)

    def _distance_to_walls(self, points: np.ndarray) -> np.ndarray:
        distances = []
        for wall in self.walls:
            along = np.clip((points - wall.start) @ wall.direction, 0, wall.length)
            nearest = wall.start + along[:, None] * wall.direction
            distances.append(np.hypot(*(points - nearest).T))
        return np.min(distances, axis=0)

    def fits(self, footprint: Footprint, ignoring: tuple[Footprint, ...] = ()) -> bool:
        """Is the whole footprint inside the room and clear of everything placed so far?"""
        centre = footprint.corners.mean(axis=0)
        shrunk = centre + (footprint.corners - centre) * (1 - 1e-3)
        if footprint.z1 > self.height or not self.contains(shrunk).all():
            return False
        # A rectangle can reach around an inner corner with its own corners all inside.
        if (Footprint(shrunk, 0, 0).distance(self.outline) <= 0).any():
            return False
        others = (other for other in self.footprints if not any(other is known for known in ignoring))
        return not any(footprint.overlaps(other) for other in others)

    def free_positions(self, rng: np.random.Generator, count: int, clearance: float) -> np.ndarray:
        """Up to ``count`` points (M, 2) where somebody can stand, in random order."""
        low, high = self.outline.min(axis=0), self.outline.max(axis=0)
        points = rng.uniform(low, high, (count * 4, 2))
        points = points[self.contains(points, margin=min(0.35, clearance + 0.2))]
        for footprint in self.footprints:
            if footprint.z0 < 1.8:
                points = points[footprint.distance(points) > clearance]
        return points[:count]
