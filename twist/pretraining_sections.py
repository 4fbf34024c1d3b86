"""The sections of the settings that pre-training has: its views, its loss, its schedule."""

from __future__ import annotations

from dataclasses import dataclass

from twist.checking import setting


@dataclass(frozen=True)
class ViewSettings:
    """Partial views of the training scans, for pre-training."""

    source: str = setting(
        "rendered",
        "rendered from the scan [C], or its exported RGB-D frames [O]",
        choices=("rendered", "frames"),
    )
    per_scan: int = setting(24, "rendered views of a scan [C]", at_least=2)
    eye_m: tuple[float, ...] = setting((1.2, 1.8), "lowest and highest eye above the floor [C]", above=0)
    pitch_deg: tuple[float, ...] = setting(
        (-50.0, 5.0), "lowest and highest look against the horizon [C]", at_least=-90, at_most=90
    )
    depth_m: tuple[float, ...] = setting((0.4, 5.0), "nearest and farthest surface that is seen [C]", above=0)
    field_of_view_deg: float = setting(60.0, "of the image's width [C]", at_least=10, at_most=120)
    image_width: int = setting(240, "pixels; the height is three quarters of it [C]", at_least=16)
    splat_m: float = setting(
        0.04, "voxels that a scan without faces is drawn as, squares to the camera [C]", above=0
    )
    frame_step: int = setting(25, "every n-th RGB-D frame is a view [O]", at_least=1)
    frame_tolerance_m: float = setting(
        0.05, "a frame sees the points that its depth image agrees with to this [C]", above=0
    )
    min_points: int = setting(300, "a view that sees less is left out [C]", at_least=1)
    min_overlap: float = setting(
        0.3, "of the larger [C] view's points that both views of a pair see [O]", above=0, at_most=1
    )


@dataclass(frozen=True)
class PretrainingSettings:
    """Contrastive pre-training of Φ's backbone on pairs of views, without labels."""

    method: str = setting(
        "none", "what round 0 starts from; the modifiers -pc and -csc set it", choices=("none", "pc", "csc")
    )
    iterations: int = setting(20_000, "steps [C]", at_least=1)
    pairs_per_step: int = setting(8, "pairs of views in a step [C]", at_least=1)
    matches_per_step: int = setting(
        4096, "of -pc: matched points in a step [O], evenly from all its pairs [C]", at_least=2
    )
    matches_per_pair: int = setting(
        4096, "of -csc, which contrasts within a pair: matched points of each pair [O]", at_least=2
    )
    match_radius_voxels: float = setting(
        1.5, "up to this far apart [O] mutual nearest neighbours [C] match", above=0
    )
    channels: int = setting(32, "of the projected, normalised features [O]", at_least=2)
    loss: str = setting(
        "infonce", "of -pc: PointInfoNCE or hardest-contrastive [O]", choices=("infonce", "hardest")
    )
    temperature: float = setting(0.4, "τ of PointInfoNCE, for -csc as well [O]", above=0)
    margin_positive: float = setting(
        0.1, "distance that hardest-contrastive grants to a match [O]", at_least=0
    )
    margin_negative: float = setting(1.4, "distance that it asks of anything else [O]", above=0)
    partition_radii_m: tuple[float, ...] = setting(
        (0.05, 0.5),
        "where the partitions of -csc by distance begin; nearer is not contrasted [O]",
        at_least=0,
    )
    partition_heights_m: tuple[float, ...] = setting(
        (0.0,), "bounds of its partitions by height above the anchor [O]"
    )
    optimizer: str = setting("sgd", "with momentum [O], or adamw [C]", choices=("adamw", "sgd"))
    learning_rate: float = setting(0.1, "at the peak [O]", above=0)
    momentum: float = setting(0.8, "of sgd [O]", at_least=0, at_most=0.999)
    weight_decay: float = setting(1e-4, "[O]", at_least=0)
    schedule: str = setting("poly", "decay to 0 [C]", choices=("cosine", "poly", "constant"))
    point_drop: float = setting(
        0.2,
        "largest share of a view's points left out, so that views sample surfaces apart [C]",
        at_least=0,
        at_most=0.9,
    )
    scale: float = setting(0.1, "largest relative change of a view's size [C]", at_least=0, at_most=0.5)
    lift_m: float = setting(
        0.2, "σ of a view's shift up or down: absolute height is no key to a match [C]", at_least=0
    )
    colour_shift: float = setting(0.2, "σ of a shift of all colours, channels apart [C]", at_least=0)
    colour_contrast: float = setting(0.3, "largest relative change of all colours [C]", at_least=0, at_most=1)
    colour_drop: float = setting(0.2, "chance that a view loses its colours [C]", at_least=0, at_most=1)
    colour_jitter: float = setting(0.05, "σ of noise on each point's colour [C]", at_least=0)
    probe_scans: int = setting(
        16, "training scans, half to fit and half to test the probes in the log [C]", at_least=2
    )
