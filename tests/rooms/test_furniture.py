"""Shapes and the catalogue: closed, outward meshes that stand on the floor and have sane sizes."""

from __future__ import annotations

import numpy as np
import pytest

from twist.classes import SCANNET
from twist.rooms import shapes
from twist.rooms.building import MODELS_PER_KIND, Building
from twist.rooms.furniture import KINDS
from twist.rooms.labels import scannet_class
from twist.rooms.paint import Paint

GREY = Paint((128.0, 128.0, 128.0))
#: Sizes of the things that are made to measure.
MEASURES = {
    "kitchen cabinets": (1.2,), "wall cabinet": (1.0,), "vanity": (1.0,), "vanity top": (1.0,),
    "counter": (1.4, 0.1, 0.6, 0.44), "kitchen sink": (0.7, 0.44), "shower curtain": (1.2, 2.0),
    "curtain": (0.5, 2.2, 0.1), "curtain rod": (2.0, 2.2), "blinds": (1.2, 1.2), "window": (1.4, 1.2, 0.06),
    "door": (0.9, 2.05, 0.03, 0.6), "door frame": (0.9, 2.05),
}  # fmt: skip
#: Kinds whose z = 0 is not the floor, or that leave a gap above it.
HANGING = {
    "wall cabinet", "kitchen sink", "curtain rod", "shower curtain", "counter", "vanity top", "radiator",
    "picture", "mirror", "television", "whiteboard", "curtain", "towel", "blinds",
}  # fmt: skip


def volume(part: shapes.Part) -> float:
    """Of a closed mesh; negative if its faces are inside out."""
    a, b, c = part.vertices[part.faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def is_closed(part: shapes.Part) -> bool:
    """Does each edge between distinct places run once in either direction?"""
    place = np.unique(np.round(part.vertices, 6), axis=0, return_inverse=True)[1].ravel()
    faces = place[part.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    edges = [(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)]
    return sorted(edges) == sorted((b, a) for a, b in edges)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (shapes.box(GREY, (0, 0, 0), (1, 2, 3)), 6.0),
        (shapes.slab(GREY, 2, 1, 0.5, 7), 1.0),
        (shapes.cylinder(GREY, 1.0, 0, 2, 400), 2 * np.pi),
        (shapes.rod(GREY, (0, 0, 0), (3, 4, 0), 0.1), 0.05),
        (shapes.cushion(GREY, (0, 0, 0), (1, 1, 1), 1e-9), 1.0),
    ],
)
def test_primitives_have_the_volume_that_their_name_says(shape, expected):
    assert sum(map(volume, shape)) == pytest.approx(expected, rel=1e-3)


def test_turning_and_moving():
    turned = shapes.turned(shapes.box(GREY, (0, 0, 0), (2, 1, 1)), np.pi / 2)
    low, high = shapes.bounds(shapes.moved(turned, 1, 2, 3))
    np.testing.assert_allclose(low, [0, 2, 3], atol=1e-12)
    np.testing.assert_allclose(high, [1, 4, 4], atol=1e-12)
    mirrored = shapes.mirrored(shapes.box(GREY, (1, 0, 0), (2, 1, 1)))
    assert shapes.bounds(mirrored)[1][0] == -1
    assert volume(mirrored[0]) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_is_closed_outward_and_of_human_size(kind):
    rng = np.random.default_rng(0)
    for builder in KINDS[kind].builders:
        for _ in range(3):
            shape = builder(rng, *MEASURES.get(kind, ()))
            low, high = shapes.bounds(shape)
            assert (high - low > 0.01).all()
            assert (high - low < 3.4).all()
            for part in shape:
                assert part.faces.min() >= 0
                assert part.faces.max() < len(part.vertices)
                assert is_closed(part)
                assert volume(part) > 0


def test_furniture_stands_on_the_floor_and_footprints_are_centred():
    rng = np.random.default_rng(1)
    for kind in set(KINDS) - HANGING:
        for builder in KINDS[kind].builders:
            low, high = shapes.bounds(builder(rng, *MEASURES.get(kind, ())))
            assert -0.17 <= low[2] <= 0.09, kind
            assert abs(low[0] + high[0]) < 1.0, kind


def test_all_classes_with_instances_are_in_the_catalogue_with_several_sub_types_or_sizes():
    classes = {scannet_class(raw) for kind in KINDS.values() for raw in kind.raw}
    assert classes >= set(SCANNET.things.tolist())
    # Two models of one kind differ: no class consists of one shape.
    building = Building((0, 0))
    for kind in KINDS:
        models = [building.model(kind, k, *MEASURES.get(kind, ())) for k in range(MODELS_PER_KIND)]
        points = {np.concatenate([part.vertices for part in model]).tobytes() for model in models}
        colours = {tuple(part.paint for part in model) for model in models}
        assert len(points) > 1 or len(colours) > 1


def test_a_building_draws_a_model_the_same_each_time_and_others_differ():
    def sofa(building: int, choice: int) -> bytes:
        model = Building((3, building)).model("sofa", choice)
        return np.concatenate([part.vertices for part in model]).tobytes()

    assert sofa(0, 1) == sofa(0, 1)
    assert sofa(0, 1) == sofa(0, 1 + MODELS_PER_KIND)
    assert len({sofa(building, choice) for building in range(3) for choice in range(3)}) == 9
