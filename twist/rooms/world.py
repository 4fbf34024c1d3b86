"""A furnished room as one painted triangle mesh: the truth that the scanner looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twist.rooms import grammar, shell
from twist.rooms.building import Building
from twist.rooms.floorplan import Floorplan, Footprint, Pose
from twist.rooms.furnisher import Furnisher, Thing
from twist.rooms.paint import Paint, mix


@dataclass(frozen=True)
class World:
    """A room's surfaces and what they belong to.

    vertices: (V, 3) float64, metres, walls along the axes; faces: (F, 3) int32
    thing: (F,) int32 index into ``raw``; paint: (F,) int32 index into ``paints``
    raw: raw category of each thing, None for what nobody annotates
    """

    vertices: np.ndarray
    faces: np.ndarray
    thing: np.ndarray
    paint: np.ndarray
    raw: tuple[str | None, ...]
    paints: list[Paint]
    plan: Floorplan

    @property
    def corners(self) -> np.ndarray:
        """(F, 3, 3) float64 corners of each triangle."""
        return self.vertices[self.faces]

    def normals(self) -> np.ndarray:
        """(F, 3) unit normals, outwards; zero for degenerate triangles."""
        a, b, c = self.corners.transpose(1, 0, 2)
        normal = np.cross(b - a, c - a)
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)


def build_world(
    room_type: str, building: Building, rng: np.random.Generator, *, with_structure: bool = False
) -> World:
    """Lay out and furnish one room.

    with_structure: let some rooms have a column and beams, as S3DIS annotates them
    """
    plan = Floorplan(_outline(room_type, rng), float(rng.uniform(2.4, 2.9)))
    room = Furnisher(plan, building, rng)
    structure = _structure(plan, building, rng) if with_structure else []
    grammar.furnish(room, room_type)
    return _join(_shell_things(plan, building, rng, room_type) + structure + room.things, plan)


def _outline(room_type: str, rng: np.random.Generator) -> np.ndarray:
    (least_width, most_width), (least_depth, most_depth) = grammar.EXTENT_M[room_type]
    width, depth = rng.uniform(least_width, most_width), rng.uniform(least_depth, most_depth)
    if min(width, depth) > 3.2 and rng.random() < 0.3:
        return shell.l_shape(width, depth, width * rng.uniform(0.25, 0.45), depth * rng.uniform(0.25, 0.45))
    return shell.rectangle(width, depth)


def _shell_things(
    plan: Floorplan, building: Building, rng: np.random.Generator, room_type: str
) -> list[Thing]:
    tiled = room_type in grammar.TILED
    choice = int(rng.integers(1 << 20))
    floor = building.paint(
        "floor", choice, *(("tiles",) if tiled else ("floorboards", "carpet", "floorboards"))
    )
    wall_paint = building.paint("wall", choice, *(("tiles", "wall") if tiled else ("wall",)))
    low, high = shell.floor_and_ceiling(plan, floor, mix(rng, "white"))
    things = [Thing("floor", low), Thing("ceiling", high)]
    for wall in plan.walls:
        accent = mix(rng, "wall") if rng.random() < 0.1 else wall_paint
        things.append(Thing("wall", shell.wall_surface(wall, plan.height, accent)))
        for opening in wall.openings:
            if opening.kind == "gap":
                things.append(Thing(None, shell.corridor(wall, opening, accent)))
    return things


def _structure(plan: Floorplan, building: Building, rng: np.random.Generator) -> list[Thing]:
    """Columns in corners and beams below the ceiling."""
    things = []
    paint = building.paint("wall", int(rng.integers(1 << 20)), "wall", "stone")
    if rng.random() < 0.5:
        size = float(rng.uniform(0.3, 0.5))
        x = size / 2 if rng.random() < 0.5 else float(plan.outline[:, 0].max()) - size / 2
        things.append(Thing("column", shell.column(paint, x, size / 2, size, plan.height)))
        half = size / 2 + 0.01
        plan.footprints.append(
            Footprint.rectangle(Pose(x, size / 2), (-half, -half), (half, half), 0, plan.height)
        )
    if len(plan.outline) == 4 and rng.random() < 0.5:
        depth = float(plan.outline[:, 1].max())
        drop = float(rng.uniform(0.2, 0.3))
        y = depth * float(rng.uniform(0.3, 0.7))
        things.append(Thing("beam", shell.beam(paint, plan, y, float(rng.uniform(0.2, 0.4)), drop)))
    return things


def _join(things: list[Thing], plan: Floorplan) -> World:
    vertices, faces, thing_of, paint_of, paints = [], [], [], [], []
    first = 0
    for number, thing in enumerate(things):
        for part in thing.shape:
            vertices.append(part.vertices)
            faces.append(part.faces + first)
            thing_of.append(np.full(len(part.faces), number, np.int32))
            paint_of.append(np.full(len(part.faces), len(paints), np.int32))
            paints.append(part.paint)
            first += len(part.vertices)
    return World(
        np.concatenate(vertices),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(thing_of),
        np.concatenate(paint_of),
        tuple(thing.raw for thing in things),
        paints,
        plan,
    )
