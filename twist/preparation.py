"""From raw scans to prepared scenes and their supervoxels: many at a time, skipping what is current."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twist.classes import S3DIS, SCANNET, ClassTable
from twist.errors import TwistError
from twist.files import file_sha256, plain_names, read_names, write_npz
from twist.formats import s3dis, scannet
from twist.formats.report import ReadReport, empty_files
from twist.formats.scannet_labels import find_label_map, read_label_map
from twist.formats.segs import read_segments
from twist.geometry.supervoxels import segment_cloud, segment_mesh
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.matching import SMALLEST_REGION
from twist.scoring.purity import purity
from twist.settings import SupervoxelSettings
from twist.stamps import current_facts, stamp, store_facts
from twist.versions import PREPARATION_VERSION


@dataclass(frozen=True)
class RawFormat:
    """One raw layout: how scans are found and read.

    find: (folder of the download, scene name) -> the scan's folder
    names: folder of the download -> names of the scans in it
    source_files: folder -> the files that ``read`` looks at
    file_problems: folder -> what is missing, empty or cut off, without reading the files
    read: (folder, label map) -> the scene, and what was noticed
    segments: folder -> the mesh segments that came with the scan, or None
    """

    table: ClassTable
    find: Callable[[Path, str], Path]
    names: Callable[[Path], Iterable[str]]
    source_files: Callable[[Path], list[Path]]
    file_problems: Callable[[Path], list[str]]
    read: Callable[[Path, dict[str, int]], tuple[Scene, ReadReport]]
    segments: Callable[[Path], Path | None]
    needs_label_map: bool


FORMATS = {
    "scannet": RawFormat(
        table=SCANNET,
        find=scannet.find_scene,
        names=scannet.list_scenes,
        source_files=scannet.source_files,
        file_problems=scannet.file_problems,
        read=scannet.read_scene,
        segments=scannet.release_segments,
        needs_label_map=True,
    ),
    "s3dis": RawFormat(
        table=S3DIS,
        find=s3dis.find_room,
        names=s3dis.list_rooms,
        source_files=s3dis.source_files,
        file_problems=lambda folder: empty_files(s3dis.source_files(folder)),
        read=lambda folder, _: s3dis.read_room(folder),
        segments=lambda _: None,
        needs_label_map=False,
    ),
}


def scene_names(names: list[str], path: Path | None) -> list[str]:
    """Names given outright and those in a text file, one a line; each once, in order."""
    if path is not None:
        names = [*names, *read_names(path)]
    if not names:
        raise TwistError("no scenes: give --scenes or --scenes-file")
    return list(dict.fromkeys(plain_names(names, path or "--scenes")))


def read_raw(folder: Path, data_format: str, label_map: Path | None) -> tuple[Scene, ReadReport]:
    """One raw scan. label_map: the tsv, None = looked for above the folder."""
    if not folder.is_dir():
        raise TwistError(f"{folder} is not the folder of a raw scan: there is no such folder")
    raw_format = FORMATS[data_format]
    labels = {}
    if raw_format.needs_label_map:
        labels = read_label_map(label_map or find_label_map(folder))
    return raw_format.read(folder, labels)


def prepare_scenes(
    folders: Mapping[str, Path],
    data_format: str,
    label_map: Path | None,
    out_dir: Path,
    *,
    force: bool = False,
) -> dict[str, dict[str, Any]]:
    """Read raw scans and save each as ``out_dir/NAME.npz``; those that are current stay (``twist.stamps``).

    folders: scene name -> its raw folder; label_map: the tsv, None = looked for above the first folder.
    Returns the manifest: ``scene_facts`` and sha256 of each scene.
    """
    raw_format = FORMATS[data_format]
    labels: dict[str, int] = {}
    settings = {"version": PREPARATION_VERSION, "format": data_format}
    if raw_format.needs_label_map and folders:
        label_map = label_map or find_label_map(next(iter(folders.values())))
        labels = read_label_map(label_map)
        settings["label_map"] = file_sha256(label_map)
    manifest = {}
    for name, folder in folders.items():
        product = out_dir / f"{name}.npz"
        made_from = stamp(settings, raw_format.source_files(folder))
        facts = None if force else current_facts(product, made_from)
        if facts is None:
            scene, report = raw_format.read(folder, labels)
            if scene.name != name:
                raise TwistError(f"{folder} holds scene {scene.name}, not {name}")
            scene.save(product)
            facts = store_facts(product, made_from, scene_facts(scene, report, raw_format.table))
        manifest[name] = facts
    return manifest


def scene_facts(scene: Scene, report: ReadReport, table: ClassTable) -> dict[str, Any]:
    """A scene's line in the manifest.

    instances: class name -> number of instances of at least 100 points; extent_m: sides along the aligned
    axes; labelled: it came with an annotation, and some point has a class; the rest as in ``Scene`` and
    ``ReadReport``.
    """
    extent = np.ptp(scene.aligned_xyz, axis=0)
    return {
        "points": len(scene),
        "faces": len(scene.faces),
        "labelled": scene.labelled and bool((scene.semantic >= 0).any()),
        "unmapped": report.unmapped,
        "scene_type": report.scene_type,
        "instances": _count_instances(scene, table),
        "extent_m": [round(float(side), 3) for side in extent],
        "label_agreement": report.label_agreement,
        "warnings": report.warnings,
    }


def _count_instances(scene: Scene, table: ClassTable) -> dict[str, int]:
    on_thing = (scene.instance >= 0) & table.are_things(scene.semantic)
    pairs = scene.instance[on_thing].astype(np.int64) * len(table) + scene.semantic[on_thing]
    found, points = np.unique(pairs, return_counts=True)
    counts = np.bincount(found[points >= SMALLEST_REGION] % len(table), minlength=len(table))
    return {name: int(count) for name, count in zip(table.names, counts, strict=True) if count}


def supervoxels_for_scenes(
    scenes: Mapping[str, Path],
    segments: Mapping[str, Path | None],
    table: ClassTable,
    out_dir: Path,
    settings: SupervoxelSettings,
    *,
    force: bool = False,
) -> dict[str, dict[str, Any]]:
    """Supervoxels of prepared scenes, each saved as ``out_dir/NAME.npz``; those that are current stay.

    scenes: scene name -> prepared npz; segments: scene name -> segs.json that came with the scan, or None.
    The npz holds ``supervoxel`` (N,) int32 ids 0..K-1 and, for scans that are no mesh, ``normal`` (N, 3)
    float32 in the scan's own frame.
    Returns the manifest: per scene source (release, mesh, cloud), supervoxels, purity (None where nothing is
    labelled) and sha256.
    """
    manifest = {}
    for name, path in scenes.items():
        release = segments.get(name) if settings.source == "release" else None
        product = out_dir / f"{name}.npz"
        if not path.is_file():
            raise TwistError(f"{path} does not exist; run `prepare` for scene {name} first")
        sources = [path, release] if release else [path]
        made_from = stamp({"version": PREPARATION_VERSION, **asdict(settings)}, sources)
        facts = None if force else current_facts(product, made_from)
        if facts is None:
            scene = Scene.load(path)
            source, arrays = supervoxels_of(scene, release, settings)
            write_npz(product, arrays)
            pieces = Regions.from_ids(arrays["supervoxel"])
            pure = purity(pieces, scene.semantic, scene.instance, table) if scene.labelled else None
            facts = {"source": source, "supervoxels": len(pieces), "purity": pure}
            facts = store_facts(product, made_from, facts)
        manifest[name] = facts
    return manifest


def supervoxels_of(
    scene: Scene, release: Path | None, settings: SupervoxelSettings
) -> tuple[str, dict[str, np.ndarray]]:
    """Where one scene's supervoxels come from (release, mesh, cloud), and the arrays to save."""
    if release is not None:
        segment = read_segments(release, len(scene), f"scene {scene.name}")
        _, first, place = np.unique(segment, return_index=True, return_inverse=True)
        by_first_vertex = np.argsort(np.argsort(first))
        return "release", {"supervoxel": by_first_vertex[place].astype(np.int32)}
    if scene.is_mesh:
        return "mesh", {"supervoxel": segment_mesh(scene.xyz, scene.faces, settings.k, settings.min_vertices)}
    ids, normals = segment_cloud(scene.xyz, settings.neighbours, settings.k, settings.min_vertices)
    return "cloud", {"supervoxel": ids, "normal": normals}
