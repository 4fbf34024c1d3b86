"""The sections of the settings that decide what data there are; see ``twist.sections``."""

from __future__ import annotations

from dataclasses import dataclass

from twist.checking import setting


@dataclass(frozen=True)
class DataSettings:
    """Where a data set lies, how it is read, and which scenes are labelled."""

    format: str = setting("scannet", "raw folder layout", choices=("scannet", "s3dis"))
    raw: str = setting("", "folder of the raw download", changes_result=False)
    generated: bool = setting(False, "made by `twist rooms` into `raw` if missing")
    lists_folder: str = setting(
        "", "folder of the lists of training, scored and labelled scenes; empty = `raw`"
    )
    train_list: str = setting("scannetv2_train.txt", "names of the training scenes")
    val_list: str = setting("scannetv2_val.txt", "names of the scored scenes")
    test_list: str = setting(
        "scannetv2_test.txt", "names of the hidden test scenes; only for a submission", changes_result=False
    )
    label_lists: str = setting(
        "", "lists of labelled scenes, with {ratio} for the percentage and {seed}; empty = drawn"
    )
    own_lists: bool = setting(False, "the lists are your own: do not compare them with the published hashes")
    scenes_per_job: int = setting(
        15, "scenes per preparation job; start-up costs a second per job", at_least=1, changes_result=False
    )
    inference_shards: int = setting(
        1, "jobs that labelling and prediction are each divided into", at_least=1, changes_result=False
    )


@dataclass(frozen=True)
class RoomsSettings:
    """The generated benchmark."""

    train_scenes: int = setting(120, "5 % are 6 labelled scenes", at_least=1)
    val_scenes: int = setting(30, "scored scenes", at_least=1)
    seed: int = setting(0, "of layouts, furniture and scanner", at_least=0)
    vertices: int = setting(30_000, "mesh vertices a scene after decimation", at_least=1000)


@dataclass(frozen=True)
class SupervoxelSettings:
    """Over-segmentation of a scan by geometry."""

    source: str = setting(
        "release", "use the release's mesh segments where present [O]", choices=("release", "computed")
    )
    k: float = setting(0.01, "Felzenszwalb–Huttenlocher scale; larger = larger pieces [O]", above=0)
    min_vertices: int = setting(20, "smaller pieces are merged [O]", at_least=1)
    neighbours: int = setting(16, "of the graph on point clouds without faces [C]", at_least=3)
