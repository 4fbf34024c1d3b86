"""supervoxels: geometric over-segmentation of a mesh, or of many prepared scenes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twist.settings import SupervoxelSettings

HELP = "compute supervoxels of a mesh (ScanNet's segs.json) or of prepared scenes"
EXAMPLE = "python -m twist supervoxels scan.ply --out scan.0.010000.segs.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.settings import SupervoxelSettings

    default = SupervoxelSettings()
    parser.add_argument("mesh", nargs="?", type=Path, help="PLY mesh or bare point cloud")
    parser.add_argument("--out", type=Path, help="segs.json to write")
    parser.add_argument("--k", type=float, default=default.k, help="larger = larger pieces")
    parser.add_argument("--min-vertices", type=int, default=default.min_vertices, help="merge smaller pieces")
    parser.add_argument(
        "--neighbours", type=int, default=default.neighbours, help="of each point where there are no faces"
    )
    many = parser.add_argument_group("many prepared scenes, skipping those that are current")
    many.add_argument("--format", default="scannet", help="raw layout, scannet or s3dis")
    many.add_argument("--source", default=default.source, choices=("release", "computed"))
    many.add_argument("--raw", type=Path, help="folder of the raw download, for its mesh segments")
    many.add_argument("--scene-dir", type=Path, help="folder of the prepared NAME.npz")
    many.add_argument("--scenes", nargs="+", default=[], help="names of the scenes")
    many.add_argument("--scenes-file", type=Path, help="text file with one scene name a line")
    many.add_argument("--out-dir", type=Path, help="folder for NAME.npz")
    many.add_argument("--manifest", type=Path, help="JSON to write: number and purity of the supervoxels")
    many.add_argument("--force", action="store_true", help="compute current supervoxels again too")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.settings import Settings

    chosen = {key: getattr(arguments, key) for key in ("source", "k", "min_vertices", "neighbours")}
    settings = Settings.from_layers({"command line": {"supervoxels": chosen}}).supervoxels
    if arguments.mesh and arguments.out:
        _segment_file(arguments.mesh, arguments.out, settings)
    elif arguments.scene_dir and arguments.out_dir and arguments.manifest:
        _segment_scenes(arguments, settings)
    else:
        raise TwistError("give a mesh and --out, or --scene-dir, --out-dir and --manifest with the scenes")


def _segment_file(path: Path, out: Path, settings: SupervoxelSettings) -> None:
    import numpy as np

    from twist.formats.ply import read_ply
    from twist.formats.segs import write_segments
    from twist.preparation import supervoxels_of
    from twist.scene import Scene

    mesh = read_ply(path)
    xyz = mesh.xyz
    none = np.full(len(xyz), -1, np.int32)
    scene = Scene(path.stem, xyz, np.zeros(xyz.shape, np.uint8), mesh.faces, none, none, labelled=False)
    source, arrays = supervoxels_of(scene, None, settings)
    ids = arrays["supervoxel"]
    write_segments(out, ids, path.stem, settings.k, settings.min_vertices)
    print(f"{out}: {ids.max() + 1} supervoxels of {len(ids)} vertices ({source})")


def _segment_scenes(arguments: argparse.Namespace, settings: SupervoxelSettings) -> None:
    from twist.errors import TwistError
    from twist.files import write_json
    from twist.preparation import FORMATS, scene_names, supervoxels_for_scenes

    if arguments.format not in FORMATS:
        raise TwistError(f"unknown format {arguments.format!r}; give --format {' or '.join(FORMATS)}")
    raw_format = FORMATS[arguments.format]
    names = scene_names(arguments.scenes, arguments.scenes_file)
    scenes = {name: arguments.scene_dir / f"{name}.npz" for name in names}
    segments = {
        name: raw_format.segments(raw_format.find(arguments.raw, name)) if arguments.raw else None
        for name in names
    }
    manifest = supervoxels_for_scenes(
        scenes, segments, raw_format.table, arguments.out_dir, settings, force=arguments.force
    )
    write_json(arguments.manifest, manifest)
    for name, facts in manifest.items():
        pure = "" if facts["purity"] is None else f", purity {facts['purity']:.4f}"
        print(f"{name}: {facts['supervoxels']} supervoxels ({facts['source']}){pure}")
