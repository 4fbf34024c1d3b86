"""The sections of the settings of training and inference, with type, default, range and why.

Those of data stand in data_sections.py, those of pre-training in pretraining_sections.py.

Marks in the reasons: [P] stated in the paper, [O] taken from openly published related work, [C] our choice,
because the paper is silent. Units are in the names.
"""

from __future__ import annotations

from dataclasses import dataclass

from twist.checking import setting

#: What a network may ask to be told of a point, and its channels (see ``learning.batches.point_features``).
FEATURE_CHANNELS = {"rgb": 3, "normal": 3, "height": 1, "supervoxel": 8}


@dataclass(frozen=True)
class NetworkSettings:
    """Φ's Sparse U-Net and Ψ's encoder."""

    voxel_size_m: float = setting(0.02, "edge of a voxel [O]", above=0)
    features: tuple[str, ...] = setting(
        ("rgb",), "input channels of a point [O]", choices=tuple(FEATURE_CHANNELS)
    )
    stem_channels: int = setting(32, "of the first convolution [O]", at_least=1)
    stem_blocks: int = setting(
        0, "residual blocks at full resolution before the first stride [O]", at_least=0
    )
    encoder_channels: tuple[int, ...] = setting((32, 64, 128, 256), "after each stride of 2 [O]", at_least=1)
    encoder_blocks: tuple[int, ...] = setting((2, 3, 4, 6), "residual blocks a level [O]", at_least=1)
    decoder_channels: tuple[int, ...] = setting((256, 128, 96, 96), "on the way up [O]", at_least=1)
    decoder_blocks: tuple[int, ...] = setting((2, 2, 2, 2), "residual blocks a level [O]", at_least=1)
    recorrection_channels: tuple[int, ...] = setting(
        (32, 64), "Ψ's levels, a stride of 2 between [C]", at_least=1
    )
    recorrection_grid: int = setting(16, "voxels along the longest side of a proposal in Ψ [C]", at_least=4)
    recorrection_dropout: float = setting(
        0.5, "of Ψ's pooled encoding; Ψ sees few labelled scenes [C]", at_least=0, at_most=0.9
    )


@dataclass(frozen=True)
class AugmentationSettings:
    """Random changes of a training scene."""

    rotate: bool = setting(True, "any angle about the vertical [O]")
    flip: float = setting(0.5, "chance of a mirror image along x [O]", at_least=0, at_most=1)
    scale: float = setting(0.0, "largest relative change of size [C]", at_least=0, at_most=0.5)
    shear: float = setting(0.1, "σ of noise on the rotation matrix [O: PointGroup]", at_least=0)
    jitter_m: float = setting(0.0, "σ of noise on each coordinate [C]", at_least=0)
    elastic_granularity_m: tuple[float, ...] = setting(
        (0.12, 0.4), "half the distance of each elastic field's nodes [O: PointGroup]", above=0
    )
    elastic_magnitude_m: tuple[float, ...] = setting((0.8, 3.2), "its σ before smoothing [O]", at_least=0)
    colour_shift: float = setting(0.1, "σ of a shift of all colours, channels apart [O]", at_least=0)
    colour_contrast: float = setting(0.0, "largest relative change of all colours [C]", at_least=0, at_most=1)
    colour_drop: float = setting(0.0, "chance that a scene loses its colours [C]", at_least=0, at_most=1)
    colour_jitter: float = setting(0.0, "σ of noise on each point's colour [C]", at_least=0)
    voxels_max: int = setting(250_000, "about so many voxels are left of a training scene [O]", at_least=1000)


@dataclass(frozen=True)
class TrainingSettings:
    """The training loop of Φ (and of Ψ, where a run trains it)."""

    iterations: int = setting(
        20_000, "steps of the label-only start, round 0; more where passes asks for them [C]", at_least=1
    )
    iterations_full: int = setting(40_000, "the same where every scene is labelled [C]", at_least=1)
    passes: int = setting(
        0,
        "how often the start at least sees each labelled scene: raises iterations, up to iterations_full [C]",
        at_least=0,
    )
    scenes_per_step: int = setting(4, "scenes in a step of round 0 [O]", at_least=1)
    optimizer: str = setting("adamw", "or sgd with momentum .9", choices=("adamw", "sgd"))
    learning_rate: float = setting(0.004, "at the peak [C]", above=0)
    weight_decay: float = setting(1e-4, "[O]", at_least=0)
    schedule: str = setting("cosine", "decay to 0 [C]", choices=("cosine", "poly", "constant"))
    warmup: int = setting(0, "steps of linear warm-up [C]", at_least=0)
    gradient_clip: float = setting(10.0, "largest gradient norm; 0 = off [C]", at_least=0)
    ema_decay: float = setting(
        0.0, "of the weights that evaluate and label; 0 = off [C]", at_least=0, at_most=0.9999
    )
    class_weight_power: float = setting(
        0.0, "class weight = (frequency + .002)^-power, mean 1 [C]", at_least=0, at_most=1
    )
    offset_weight: float = setting(1.0, "of L1 + direction loss against cross entropy [O]", at_least=0)
    mixed_precision: bool = setting(False, "float16 on GPU; the CPU always computes in float32")
    gpus_per_training: int = setting(
        1,
        "processes, each with a GPU, that divide a step's scenes; without GPUs, as many on the CPU",
        at_least=1,
        changes_result=False,
    )
    workers: int = setting(
        2, "processes that load, augment and voxelise; 0 = in line", at_least=0, changes_result=False
    )
    cache_gb: float = setting(
        2.0, "memory of each worker for scenes already read", at_least=0, changes_result=False
    )
    save_every_s: float = setting(
        60.0,
        "seconds between saved states, more where saving would take over 2 % of the time; 0 = every step",
        at_least=0,
        changes_result=False,
    )
    log_every: int = setting(
        20, "steps between lines of the log and of metrics.csv", at_least=1, changes_result=False
    )

    def start_iterations(self, labelled: int, full: bool) -> int:
        """Steps of round 0 with so many labelled scenes; full: these are all scenes."""
        if full:
            return self.iterations_full
        wanted = min(-(-self.passes * labelled // self.scenes_per_step), self.iterations_full)
        return max(self.iterations, wanted)


@dataclass(frozen=True)
class ProposalSettings:
    """Grouping of points to instance proposals, and how far Ψ changes their class."""

    radius_m: float = setting(0.03, "points of one class this close are connected [O]", above=0)
    radius_shifted_m: float = setting(0.03, "the same on offset-shifted coordinates [O]", above=0)
    min_points: int = setting(50, "smaller groups are dropped [O]", at_least=1)
    supervoxel_mean: bool = setting(False, "average class probabilities over supervoxels first [C]")
    snap_to_supervoxels: bool = setting(False, "a proposal takes whole supervoxels, by majority [C]")
    class_trust: float = setting(
        0.5,
        "how much of Ψ's change of a proposal's class counts: 0 = Φ's class stays, 1 = Ψ's class alone [C]",
        at_least=0,
        at_most=1,
    )


@dataclass(frozen=True)
class RecorrectionSettings:
    """Ψ's loss and targets."""

    alpha: float = setting(1.0, "weight of Ψ's loss: L = L^Φ + α L^Ψ [P]", at_least=0)
    scenes_per_step: int = setting(
        4, "annotated scenes Ψ learns from in a step; earlier steps' proposals fill up [C]", at_least=1
    )
    gradient_to_features: bool = setting(True, "Ψ's loss also trains Φ [C]")
    iou_background: float = setting(0.25, "below: background and certainty 0 [C/O]", at_least=0, at_most=1)
    iou_class: float = setting(0.5, "from here on the instance's class is learned [C]", at_least=0, at_most=1)
    iou_certain: float = setting(0.75, "above: certainty 1 [O]", at_least=0, at_most=1)
    proposals_max: int = setting(150, "a scene in training, largest first; bounds memory [C]", at_least=1)


@dataclass(frozen=True)
class PseudoLabelSettings:
    """What becomes a pseudo-label."""

    semantic_threshold: float = setting(
        0.9,
        "class probability that makes a label in round 1 [P], outside kept proposals later [C]",
        at_least=0,
        at_most=1,
    )
    initial: str = setting(
        "points",
        "round 1: confident points spread over their supervoxel [P], or supervoxels of confident mean [C]",
        choices=("points", "supervoxels"),
    )
    initial_share: float = setting(
        0.0,
        "of `points`: share of a supervoxel that must agree before its label spreads [C]",
        at_least=0,
        at_most=1,
    )
    certainty_threshold: tuple[float, ...] = setting(
        (0.5,),
        "keeps proposals above; one value, or one per round, of which round 1 needs none [P]",
        at_least=0,
        at_most=1,
    )
    overlap_iou: float = setting(
        0.3,
        "NMS between kept proposals: IoU above which the less certain is dropped [C]",
        at_least=0,
        at_most=1,
    )
    outside: str = setting(
        "confident",
        "things outside kept proposals: unlabelled, or as in round 1; argmax labels every point [C]",
        choices=("ignore", "confident", "argmax"),
    )
    weighting: str = setting(
        "equal",
        "every label counts alike, or as much as its probability or certainty [C]",
        choices=("equal", "confidence"),
    )
    views: int = setting(1, "augmented views averaged when labelling [C]", at_least=1)
    ensemble: int = setting(
        1, "models, each from initial weights of its own, averaged when labelling [C]", at_least=1, at_most=20
    )

    def threshold_of(self, round_number: int) -> float:
        """Certainty threshold of a round, counted from 1; the last one goes on if the list is shorter."""
        return self.certainty_threshold[min(round_number, len(self.certainty_threshold)) - 1]


@dataclass(frozen=True)
class SelfTrainingSettings:
    """The rounds after the label-only start."""

    rounds: int = setting(5, "[P]", at_least=1)
    iterations: int = setting(10_000, "steps per round [C]", at_least=1)
    labelled_per_step: int = setting(1, "labelled scenes in every step [C]", at_least=1)
    pseudo_per_step: int = setting(3, "pseudo-labelled scenes in every step [C]", at_least=1)
    pseudo_weight: float = setting(
        1.0, "of the semantic loss on pseudo-labelled scenes against labelled ones [C]", at_least=0
    )
    pseudo_class_weight_power: float = setting(
        1.0,
        "pseudo-labelled points have the class weights of annotated ones to this power; 0 = all alike [C]",
        at_least=0,
        at_most=1,
    )
    paste: int = setting(
        0,
        "annotated instances pasted into a pseudo-labelled scene, every class equally often [C]",
        at_least=0,
        at_most=100,
    )
    start: str = setting(
        "continue", "each round from the last round's weights, or anew [C]", choices=("continue", "anew")
    )


@dataclass(frozen=True)
class InferenceSettings:
    """Scans too large for Φ at once, in labelling and prediction: tiles that each see their surroundings."""

    voxels_max: int = setting(
        500_000, "voxels that Φ takes at once; a larger scan goes in tiles, for memory [C]", at_least=1000
    )
    margin_m: float = setting(
        2.0, "surroundings of a tile that Φ sees but does not answer for [C]", at_least=0
    )


@dataclass(frozen=True)
class PredictionSettings:
    """Which proposals become the scored prediction of a scan."""

    score: str = setting(
        "geometric_mean",
        "Ψ's certainty, or the geometric mean of it and the class probability [C]",
        choices=("certainty", "geometric_mean"),
    )
    min_score: float = setting(0.09, "drops a prediction below [O]", at_least=0, at_most=1)
    min_points: int = setting(100, "drops a smaller prediction [O]", at_least=1)
    nms_iou: float = setting(
        0.3, "NMS: IoU above which the worse of two predictions is dropped [O]", at_least=0, at_most=1
    )
    views: int = setting(1, "augmented views averaged when predicting [C]", at_least=1)
    ensemble: int = setting(
        1,
        "models, each from initial weights of its own, averaged when predicting [C]",
        at_least=1,
        at_most=20,
    )
    class_weight_power: float = setting(
        0.0,
        "probabilities times (frequency + .002)^-power: rare classes are predicted sooner, not labelled [C]",
        at_least=0,
        at_most=2,
    )


@dataclass(frozen=True)
class ViewerSettings:
    """The 3D page of a run; no result depends on it."""

    predicted_scenes: int = setting(
        8, "scored scans on the page, evenly over the list [C]", at_least=0, changes_result=False
    )
    unlabelled_scenes: int = setting(
        2, "unlabelled training scans with each round's labels [C]", at_least=0, changes_result=False
    )
    points_max: int = setting(
        100_000, "points shown of a scan; more are thinned [C]", at_least=1000, changes_result=False
    )
