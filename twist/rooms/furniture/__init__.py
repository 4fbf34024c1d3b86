"""The furniture catalogue: which kinds there are, what annotators call them, and who draws them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twist.rooms.furniture import hanging, seating, sleeping, small, storage, tables, wet
from twist.rooms.shapes import Shape

Builder = Callable[..., Shape]


@dataclass(frozen=True)
class Kind:
    """A kind of thing: raw category names that annotators use for it, and builders of its sub-types.

    No raw name: it is clutter that nobody annotates.
    """

    raw: tuple[str, ...]
    builders: tuple[Builder, ...]


KINDS: dict[str, Kind] = {
    "chair": Kind(
        ("chair", "chair", "dining chair"),
        (seating.wooden_chair, seating.wooden_chair, seating.shell_chair, seating.padded_chair),
    ),
    "office chair": Kind(("office chair", "chair", "desk chair"), (seating.office_chair,)),
    "armchair": Kind(("armchair", "chair", "arm chair"), (seating.armchair,)),
    "sofa": Kind(("couch", "sofa", "couch", "loveseat"), (seating.sofa,)),
    "ottoman": Kind(("ottoman", "footstool"), (seating.ottoman,)),
    "dining table": Kind(
        ("table", "dining table"), (tables.dining_table, tables.dining_table, tables.round_table)
    ),
    "meeting table": Kind(("table", "conference table"), (tables.meeting_table,)),
    "coffee table": Kind(("coffee table", "table"), (tables.coffee_table,)),
    "side table": Kind(("end table", "side table", "table"), (tables.side_table,)),
    "desk": Kind(("desk", "desk", "office desk"), (tables.panel_desk, tables.drawer_desk, tables.frame_desk)),
    "cabinet": Kind(("cabinet", "cabinets", "cupboard"), (storage.cupboard, storage.drawers)),
    "wardrobe": Kind(("wardrobe cabinet", "cabinet", "wardrobe closet"), (storage.wardrobe,)),
    "file cabinet": Kind(("file cabinet", "cabinet"), (storage.file_cabinet,)),
    "media cabinet": Kind(("tv cabinet", "cabinet"), (storage.media_cabinet,)),
    "kitchen cabinets": Kind(("kitchen cabinets", "kitchen cabinet"), (wet.base_cabinets,)),
    "wall cabinet": Kind(("kitchen cabinet", "cabinet"), (storage.wall_cabinet,)),
    "vanity": Kind(("bathroom cabinet", "vanity"), (wet.vanity,)),
    "nightstand": Kind(("nightstand",), (storage.nightstand,)),
    "dresser": Kind(("dresser",), (storage.drawers,)),
    "bookshelf": Kind(
        ("bookshelf", "bookcase", "bookshelves"),
        (storage.bookcase, storage.bookcase, storage.low_bookcase, storage.cube_shelf),
    ),
    "bed": Kind(("bed",), (sleeping.framed_bed, sleeping.divan, sleeping.metal_bed)),
    "bunk bed": Kind(("bunk bed", "bed"), (sleeping.bunk_bed,)),
    "counter": Kind(("counter", "kitchen counter"), (wet.worktop,)),
    "island": Kind(("counter", "kitchen island"), (wet.island,)),
    "vanity top": Kind(("bathroom counter", "counter"), (wet.vanity_top,)),
    "kitchen sink": Kind(("sink", "kitchen sink"), (wet.kitchen_sink,)),
    "vessel sink": Kind(("sink", "bathroom sink"), (wet.vessel_sink,)),
    "pedestal sink": Kind(("sink", "bathroom sink"), (wet.pedestal_sink,)),
    "refrigerator": Kind(("refrigerator", "fridge"), (wet.refrigerator,)),
    "mini refrigerator": Kind(("mini fridge", "refrigerator"), (wet.mini_refrigerator,)),
    "toilet": Kind(("toilet",), (wet.toilet, wet.toilet, wet.wall_hung_toilet)),
    "bathtub": Kind(("bathtub", "tub"), (wet.built_in_tub, wet.built_in_tub, wet.standing_tub)),
    "shower curtain": Kind(("shower curtain",), (wet.shower_curtain,)),
    "stove": Kind(("stove", "oven"), (wet.stove,)),
    "washing machine": Kind(("washing machine", "washing machines"), (wet.washing_machine,)),
    "trash can": Kind(("trash can", "trash bin", "recycling bin"), (small.round_bin, small.square_bin)),
    "radiator": Kind(("radiator", "heater"), (hanging.radiator,)),
    "picture": Kind(("picture", "painting", "poster"), (hanging.picture,)),
    "mirror": Kind(("mirror",), (hanging.mirror,)),
    "whiteboard": Kind(("whiteboard",), (hanging.whiteboard,)),
    "television": Kind(("tv", "television"), (hanging.television,)),
    "curtain": Kind(("curtain", "curtains"), (hanging.curtain,)),
    "curtain rod": Kind((), (hanging.curtain_rod,)),
    "blinds": Kind(("blinds",), (hanging.blinds,)),
    "window": Kind(("window", "windows"), (hanging.window,)),
    "door": Kind(("door", "doors"), (hanging.door,)),
    "door frame": Kind(("doorframe",), (hanging.casing,)),
    "towel": Kind(("towel",), (small.towel,)),
    "lamp": Kind(("lamp",), (small.table_lamp,)),
    "floor lamp": Kind(("lamp", "floor lamp"), (small.floor_lamp,)),
    "pillow": Kind(("pillow",), (small.pillow,)),
    "monitor": Kind(("monitor",), (small.monitor,)),
    "desk clutter": Kind(
        (), (small.keyboard, small.laptop, small.book_pile, small.paper_stack, small.bottle)
    ),
    "table clutter": Kind((), (small.bottle, small.book_pile, small.plant, small.carton, small.paper_stack)),
    "counter clutter": Kind((), (small.microwave, small.bottle, small.bottle, small.carton, small.plant)),
    "floor clutter": Kind(
        (), (small.carton, small.bag, small.bag, small.shoes, small.plant, small.book_pile)
    ),
}  # fmt: skip
