"""The generated benchmark on disk: raw scans, split lists, label table and manifests."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.files import file_sha256, read_json, write_json, write_text
from twist.formats.s3dis_write import write_s3dis_room
from twist.formats.scannet_write import write_scannet_scan
from twist.rooms.generate import GeneratedScan, ScanQuality, make_scene
from twist.rooms.labels import label_table, s3dis_class
from twist.rooms.plan import ScenePlan
from twist.versions import GENERATOR_VERSION


def write_benchmark_lists(out: Path, plans: list[ScenePlan]) -> None:
    """Write what belongs to the whole benchmark: for the ScanNet layout, split lists and the label table."""
    if plans[0].split == "area":
        return
    write_text(out / "scannetv2-labels.combined.tsv", label_table())
    for split in ("train", "val"):
        names = [plan.name for plan in plans if plan.split == split]
        write_text(out / f"scannetv2_{split}.txt", "".join(f"{name}\n" for name in names))


def write_scan(out: Path, scan: GeneratedScan) -> list[Path]:
    """Write one scan in the layout of its benchmark; returns the paths."""
    if scan.plan.split == "area":
        folder = out / scan.plan.name
        return write_s3dis_room(folder, scan.scene, tuple(s3dis_class(raw) for raw in scan.raw))
    folder = out / "scans" / scan.plan.name
    return write_scannet_scan(folder, scan.scene, scan.segments, scan.raw, scan.scene_type)


def generate_scan(out: Path, plan: ScenePlan, quality: ScanQuality) -> dict[str, Any]:
    """Make and write one scan with its manifest, unless it is there already; returns the manifest.

    A scan is there when its manifest tells of the same generator, plan and quality and all its files exist.
    Warns when a regenerated scan differs from what the manifest says: another machine's arithmetic may.
    """
    path = manifest_path(out, plan)
    made_of = {"generator": GENERATOR_VERSION, "plan": asdict(plan), "quality": asdict(quality)}
    known = _read_manifest(path)
    same = known is not None and all(known.get(key) == value for key, value in made_of.items())
    if same and all((out / file).exists() for file in known["files"]):
        return known
    try:
        scene = make_scene(plan, quality)
        path.unlink(missing_ok=True)  # killed while writing, it must not vouch for files of another kind
        paths = write_scan(out, scene)
    except TwistError as error:
        raise TwistError(f"rooms: {plan.name}: {error}") from error
    manifest = made_of | {"files": {str(file.relative_to(out)): file_sha256(file) for file in paths}}
    if same and manifest != known:
        warnings.warn(
            f"{plan.name} differs from {path}, which another machine or library version has made; "
            "figures may differ slightly",
            stacklevel=2,
        )
    write_json(path, manifest)
    return manifest


def refuse_another_seed(out: Path, seed: int) -> None:
    """Raise TwistError where the folder holds scans of another seed: under the same names they would mix."""
    manifests = (_read_manifest(path) for path in sorted((out / "manifests").glob("*.json")))
    known = next(
        (manifest["plan"]["seed"] for manifest in manifests if manifest and "plan" in manifest), seed
    )
    if known != seed:
        raise TwistError(
            f"rooms: {out} holds the benchmark of seed {known}, not {seed}; delete it or take another folder"
        )


def manifest_path(out: Path, plan: ScenePlan) -> Path:
    return out / "manifests" / f"{plan.name.replace('/', '_')}.json"


def _read_manifest(path: Path) -> dict[str, Any] | None:
    """A manifest, None where there is none that can be read: the scan is then made anew."""
    try:
        manifest = read_json(path)
    except TwistError:
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else None
