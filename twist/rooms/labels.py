"""Names of things: raw category -> NYU40 class -> ScanNet and S3DIS class."""

from __future__ import annotations

from twist.classes import S3DIS, SCANNET

#: The NYU40 classes in the order of their ids, 1 to 40 (spelt as in ScanNet's label file).
NYU40 = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture",
    "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes",
    "ceiling", "books", "refridgerator", "television", "paper", "towel", "shower curtain", "box",
    "whiteboard", "person", "night stand", "toilet", "sink", "lamp", "bathtub", "bag", "otherstructure",
    "otherfurniture", "otherprop",
)  # fmt: skip

#: NYU40 class -> the raw categories that the generated rooms use for it. The first raw name that reads like
#: the class comes first; a raw category stands under one class only.
RAW: dict[str, tuple[str, ...]] = {
    "wall": ("wall",),
    "floor": ("floor",),
    "cabinet": (
        "cabinet", "cabinets", "cupboard", "wardrobe cabinet", "wardrobe closet", "file cabinet",
        "tv cabinet", "kitchen cabinets", "kitchen cabinet", "bathroom cabinet", "vanity",
    ),
    "bed": ("bed", "bunk bed"),
    "chair": ("chair", "office chair", "dining chair", "desk chair", "armchair", "arm chair"),
    "sofa": ("couch", "sofa", "loveseat"),
    "table": ("table", "dining table", "coffee table", "end table", "side table", "conference table"),
    "door": ("door", "doors", "doorframe"),
    "window": ("window", "windows"),
    "bookshelf": ("bookshelf", "bookcase", "bookshelves"),
    "picture": ("picture", "painting", "poster"),
    "counter": ("counter", "kitchen counter", "kitchen island", "bathroom counter"),
    "blinds": ("blinds",),
    "desk": ("desk", "office desk"),
    "curtain": ("curtain", "curtains"),
    "dresser": ("dresser",),
    "pillow": ("pillow",),
    "mirror": ("mirror",),
    "ceiling": ("ceiling",),
    "refridgerator": ("refrigerator", "fridge", "mini fridge"),
    "television": ("tv", "television"),
    "towel": ("towel",),
    "shower curtain": ("shower curtain",),
    "whiteboard": ("whiteboard",),
    "night stand": ("nightstand",),
    "toilet": ("toilet",),
    "sink": ("sink", "kitchen sink", "bathroom sink"),
    "lamp": ("lamp", "floor lamp"),
    "bathtub": ("bathtub", "tub"),
    "otherstructure": ("column", "beam"),
    "otherfurniture": (
        "trash can", "trash bin", "recycling bin", "radiator", "heater", "ottoman", "footstool", "stove",
        "oven", "washing machine", "washing machines",
    ),
    "otherprop": ("monitor",),
}  # fmt: skip

_NYU40_OF_RAW = {raw: name for name, raws in RAW.items() for raw in raws}
_S3DIS_OF_NYU40 = {
    "wall": "wall", "floor": "floor", "ceiling": "ceiling", "door": "door", "window": "window",
    "table": "table", "desk": "table", "chair": "chair", "sofa": "sofa", "bookshelf": "bookcase",
    "whiteboard": "board",
}  # fmt: skip


def nyu40_id(raw: str) -> int:
    """NYU40 id of a raw category that the generator uses."""
    return NYU40.index(_NYU40_OF_RAW[raw]) + 1


def scannet_class(raw: str) -> int:
    """Class index in ``SCANNET``, -1 for a category that is none of the 20."""
    return int(SCANNET.index_of_label(nyu40_id(raw)))


def s3dis_class(raw: str | None) -> str:
    """S3DIS class name; what has no class of its own, and what nobody annotated, is clutter there."""
    if raw in ("column", "beam"):
        return raw
    name = _S3DIS_OF_NYU40.get(_NYU40_OF_RAW.get(raw or "", ""), "clutter")
    assert name in S3DIS.names
    return name


def label_table() -> str:
    """The text of ``scannetv2-labels.combined.tsv`` for the generated rooms, with ScanNet's columns."""
    columns = (
        "id", "raw_category", "category", "count", "nyu40id", "eigen13id", "nyuClass", "nyu40class",
        "eigen13class", "ModelNet40", "ModelNet10", "ShapeNetCore55", "synsetoffset", "wnsynsetid",
        "wnsynsetkey", "mpcat40", "mpcat40index",
    )  # fmt: skip
    lines = ["\t".join(columns)]
    for number, (raw, name) in enumerate(_NYU40_OF_RAW.items(), start=1):
        known = {"id": number, "raw_category": raw, "category": RAW[name][0], "count": 1,
                 "nyu40id": nyu40_id(raw), "nyuClass": name, "nyu40class": name}  # fmt: skip
        lines.append("\t".join(str(known.get(column, "")) for column in columns))
    return "\n".join(lines) + "\n"
