"""``rooms``: write the generated benchmark in a raw layout."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twist.checking import checked_value, natural
from twist.data_sections import RoomsSettings
from twist.errors import TwistError

if TYPE_CHECKING:
    from twist.rooms.plan import ScenePlan

HELP = "make simulated scans of generated rooms in the raw ScanNet or S3DIS layout"
EXAMPLE = "python -m twist rooms --out data/rooms --scenes 120 --val-scenes 30 --seed 0 --jobs 2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--scenes", type=int, required=True, help="training scans; s3dis: all rooms")
    parser.add_argument("--val-scenes", type=int, default=0, help="validation scans (scannet only)")
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument("--format", choices=("scannet", "s3dis"), default="scannet")
    parser.add_argument("--vertices", type=int, default=30_000, help="vertices of a large room")
    parser.add_argument("--only", metavar="A:B", help="make only scans A to B - 1 of the benchmark")
    parser.add_argument("--scene", metavar="NAME", nargs="+", help="make only these scans")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--manifest", type=Path, help="write the list of scans and their hashes to this file")


def run(arguments: argparse.Namespace) -> None:
    from twist.files import write_json
    from twist.parallel import map_in_processes
    from twist.rooms.generate import ScanQuality
    from twist.rooms.plan import plan_areas, plan_benchmark
    from twist.rooms.writing import generate_scan, refuse_another_seed, write_benchmark_lists

    vertices = checked_value(RoomsSettings, "vertices", arguments.vertices, "rooms: --vertices")
    if arguments.format == "s3dis":
        if arguments.val_scenes:
            raise TwistError("rooms: the S3DIS layout has areas, no validation list; leave out --val-scenes")
        plans = plan_areas(arguments.scenes, arguments.seed)
    else:
        plans = plan_benchmark(arguments.scenes, arguments.val_scenes, arguments.seed)
    chosen = _choose(plans, arguments.only, arguments.scene)
    if arguments.jobs < 1:
        raise TwistError(f"rooms: --jobs {arguments.jobs} is no number of processes")
    refuse_another_seed(arguments.out, arguments.seed)
    make = partial(generate_scan, arguments.out, quality=ScanQuality.for_vertices(vertices))
    manifests = []
    for plan, manifest in zip(chosen, map_in_processes(make, chosen, arguments.jobs), strict=True):
        manifests.append(manifest)
        print(f"[{len(manifests)}/{len(chosen)}] {plan.name} {plan.room_type}", flush=True)
    write_benchmark_lists(arguments.out, plans)
    if arguments.manifest:
        scenes = [{"name": manifest["plan"]["name"], "files": manifest["files"]} for manifest in manifests]
        write_json(arguments.manifest, {"generator": manifests[0]["generator"], "scenes": scenes})


def _choose(plans: list[ScenePlan], only: str | None, names: list[str] | None) -> list[ScenePlan]:
    if names:
        by_name = {plan.scene_name: plan for plan in plans}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            known = f"{plans[0].scene_name} to {plans[-1].scene_name}"
            raise TwistError(f"rooms: the benchmark has no scan {unknown[0]!r}; it goes from {known}")
        return [by_name[name] for name in names]
    if only is None:
        return plans
    first, _, last = only.partition(":")
    if not (first.isdigit() and last.isdigit() and int(first) < int(last) <= len(plans)):
        raise TwistError(f"rooms: --only {only} is no range A:B within the benchmark's {len(plans)} scans")
    return plans[int(first) : int(last)]
