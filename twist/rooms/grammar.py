"""The room grammar: which things a room of each type holds."""

from __future__ import annotations

from collections.abc import Callable

from twist.rooms import groups, openings, wet_groups
from twist.rooms.furnisher import Furnisher

#: Widths and depths of each room type, metres: ((least, most), (least, most)).
EXTENT_M = {
    "bedroom": ((2.8, 4.2), (2.9, 4.2)),
    "living room": ((3.8, 5.6), (3.6, 4.8)),
    "office": ((2.8, 5.2), (2.8, 4.4)),
    "bathroom": ((1.9, 2.9), (2.1, 3.3)),
    "kitchen": ((2.7, 4.3), (2.7, 4.2)),
    "studio": ((4.0, 5.4), (3.7, 4.8)),
    "meeting room": ((3.8, 5.6), (3.3, 4.5)),
    "utility room": ((2.4, 3.8), (2.2, 3.4)),
}

#: What the raw files call the room types.
SCENE_TYPE = {
    "bedroom": "Bedroom / Hotel", "living room": "Living room / Lounge", "office": "Office",
    "bathroom": "Bathroom", "kitchen": "Kitchen", "studio": "Apartment", "meeting room": "Conference Room",
    "utility room": "Laundry Room",
}  # fmt: skip

#: Share of the floor that furniture covers at least, if it fits.
COVERED = 0.3

#: What is added to rooms that are too bare.
_FILLERS = {
    "bedroom": (
        "bookshelf",
        "bookshelf",
        "armchair",
        "cabinet",
        "chair",
        "wardrobe",
        "side table",
        "dresser",
    ),
    "living room": (
        "bookshelf",
        "bookshelf",
        "armchair",
        "cabinet",
        "chair",
        "sofa",
        "side table",
        "ottoman",
    ),
    "office": (
        "bookshelf",
        "bookshelf",
        "chair",
        "file cabinet",
        "desk",
        "office chair",
        "cabinet",
        "mini refrigerator",
    ),
    "bathroom": ("washing machine", "cabinet", "trash can", "chair"),
    "kitchen": ("cabinet", "chair", "bookshelf", "refrigerator", "side table"),
    "studio": ("bookshelf", "armchair", "cabinet", "chair", "wardrobe", "sofa"),
    "meeting room": ("chair", "cabinet", "bookshelf", "chair", "sofa"),
    "utility room": ("washing machine", "cabinet", "bookshelf", "file cabinet", "refrigerator"),
}

#: Rooms whose walls or floors are tiled.
TILED = ("bathroom", "kitchen", "utility room")


def furnish(room: Furnisher, room_type: str) -> None:
    """Doors and windows, then furniture from large to small, then what hangs and lies about."""
    _open_walls(room, room_type)
    _RECIPES[room_type](room)
    for kind in room.rng.choice(_FILLERS[room_type], 8):
        if room.covered_m2 < COVERED * room.plan.area:
            room.at_wall(str(kind), front=0.3)
    for _ in range(int(room.rng.integers(0, 3))):
        room.at_wall("floor clutter", front=0.0, tries=10)


def _open_walls(room: Furnisher, room_type: str) -> None:
    walls = list(room.plan.walls)
    room.rng.shuffle(walls)
    doors = 2 if room_type in ("living room", "kitchen", "studio") and room.chance(0.35) else 1
    for wall in walls:
        if doors and openings.doorway(room, wall):
            doors -= 1
    wet = room_type in ("bathroom", "utility room")
    windows = int(room.rng.integers(0, 2)) if wet else int(room.rng.choice([0, 1, 1, 2]))
    curtains = {"office": 0.2, "meeting room": 0.2, "kitchen": 0.25, "bathroom": 0.2}.get(room_type, 0.6)
    for wall in walls[::-1] + walls[::-1]:
        if windows and openings.window_group(
            room, wall, curtains=curtains, high=wet or room_type == "kitchen"
        ):
            windows -= 1


def _some(room: Furnisher, kind: str, probability: float, most: int = 1, front: float = 0.5) -> None:
    """Up to ``most`` things of a kind at walls, each with a probability."""
    for _ in range(most):
        if room.chance(probability):
            placed = room.at_wall(kind, front=front)
            if placed and placed.high[2] < 1.2 and room.chance(0.4):
                room.on_top(placed, "table clutter", 1)


def _pictures(room: Furnisher, most: int) -> None:
    for _ in range(int(room.rng.integers(0, most + 1))):
        room.hang("picture", 1.15, 1.5)


def _bedroom(room: Furnisher) -> None:
    if room.chance(0.08):
        groups.bed_group(room, "bunk bed")
    elif groups.bed_group(room) and room.chance(0.15):
        groups.bed_group(room)
    _some(room, "wardrobe", 0.6)
    if room.chance(0.6):
        groups.desk_group(room)
    _some(room, "dresser" if room.chance(0.3) else "cabinet", 0.6)
    _some(room, "bookshelf", 0.5)
    _some(room, "armchair", 0.2)
    _some(room, "chair", 0.4, most=2)
    _some(room, "side table", 0.3)
    _some(room, "mini refrigerator", 0.2)
    if room.chance(0.12):
        groups.sofa_group(room)
    _some(room, "ottoman", 0.15)
    if room.chance(0.3):
        groups.television_group(room)
    _some(room, "trash can", 0.4, front=0.0)
    if room.chance(0.3):
        room.hang("mirror", 0.9, 1.2)
    _pictures(room, 2)


def _living_room(room: Furnisher) -> None:
    groups.sofa_group(room)
    if room.chance(0.7):
        groups.dining_group(room)
    if room.chance(0.35):
        groups.sofa_group(room)
    if room.chance(0.7):
        groups.television_group(room)
    _some(room, "bookshelf", 0.5, most=2)
    _some(room, "cabinet", 0.6)
    _some(room, "armchair", 0.35, most=2)
    if room.chance(0.2):
        groups.chair_row(room, 2)
    if room.chance(0.25):
        groups.desk_group(room)
    _some(room, "ottoman", 0.3)
    _some(room, "trash can", 0.2, front=0.0)
    _pictures(room, 3)


def _office(room: Furnisher) -> None:
    for _ in range(int(room.rng.integers(2, 5))):
        groups.desk_group(room, free=room.chance(0.25))
    if room.chance(0.35):
        groups.dining_group(room)
    if room.chance(0.3):
        groups.chair_row(room, int(room.rng.integers(2, 5)))
    _some(room, "file cabinet", 0.5, most=3)
    _some(room, "bookshelf", 0.5, most=2)
    if room.chance(0.2):
        groups.sofa_group(room)
    _some(room, "office chair", 0.4, most=2)
    _some(room, "mini refrigerator", 0.2)
    if room.chance(0.55):
        room.hang("whiteboard", 0.85, 1.0)
    _some(room, "trash can", 0.6, most=2, front=0.0)
    _pictures(room, 2)


def _bathroom(room: Furnisher) -> None:
    tub = room.chance(0.85) and wet_groups.bath_group(room)
    if not tub or room.chance(0.3):
        wet_groups.shower_corner(room)
    if room.at_wall("toilet", front=0.35) is None:
        room.at_wall("toilet", front=0.1)
    if room.chance(0.5) or wet_groups.vanity_group(room) is None:
        wet_groups.sink_group(room)
    _some(room, "washing machine", 0.25, front=0.3)
    _some(room, "cabinet", 0.25, front=0.3)
    _some(room, "trash can", 0.55, front=0.0)
    _some(room, "radiator", 0.3, front=0.1)
    for _ in range(2):
        if room.chance(0.6):
            room.hang("towel", 0.9, 1.2)
    _pictures(room, 1)


def _kitchen(room: Furnisher) -> None:
    wet_groups.counter_run(room)
    if room.chance(0.85):
        groups.dining_group(room)
    if room.chance(0.45):
        wet_groups.counter_run(room, with_stove=False)
    if room.chance(0.25):
        room.free("island", margin=0.5)
    _some(room, "cabinet", 0.3)
    _some(room, "trash can", 0.6, front=0.0)
    _some(room, "chair", 0.3, front=0.1)
    _pictures(room, 2)


def _studio(room: Furnisher) -> None:
    wet_groups.counter_run(room, with_stove=room.chance(0.5))
    groups.bed_group(room)
    if room.chance(0.7):
        groups.sofa_group(room)
    if room.chance(0.6):
        groups.dining_group(room)
    else:
        groups.desk_group(room)
    _some(room, "wardrobe", 0.5)
    _some(room, "bookshelf", 0.4)
    _some(room, "trash can", 0.4, front=0.0)
    _pictures(room, 3)


def _meeting_room(room: Furnisher) -> None:
    groups.dining_group(room, "meeting table", seats=int(room.rng.integers(4, 10)))
    if room.chance(0.8):
        room.hang("whiteboard", 0.85, 1.0)
    if room.chance(0.6):
        room.hang("television", 0.9, 1.2)
    _some(room, "cabinet", 0.5)
    _some(room, "bookshelf", 0.25)
    if room.chance(0.5):
        groups.chair_row(room, int(room.rng.integers(2, 5)))
    _some(room, "trash can", 0.6, front=0.0)
    _pictures(room, 2)


def _utility_room(room: Furnisher) -> None:
    for _ in range(int(room.rng.integers(1, 4))):
        room.at_wall("washing machine", front=0.4)
    if room.chance(0.4) or not wet_groups.counter_run(room, with_stove=False):
        wet_groups.sink_group(room)
    _some(room, "refrigerator", 0.4)
    _some(room, "file cabinet", 0.4)
    _some(room, "cabinet", 0.5)
    _some(room, "bookshelf", 0.4)
    _some(room, "trash can", 0.6, most=2, front=0.0)


_RECIPES: dict[str, Callable[[Furnisher], None]] = {
    "bedroom": _bedroom,
    "living room": _living_room,
    "office": _office,
    "bathroom": _bathroom,
    "kitchen": _kitchen,
    "studio": _studio,
    "meeting room": _meeting_room,
    "utility room": _utility_room,
}
