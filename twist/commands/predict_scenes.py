"""Predict the instances of prepared scans."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from twist.checking import shard

HELP = "predict the instances of prepared scans; scans already done by the same models are kept"
EXAMPLE = (
    "python -m twist predict-scenes --run rooms_5pct --model model.pt --data results/data/rooms "
    "--scenes val.txt --out-dir predictions --manifest predictions.json"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.leases import add_device_argument
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="several predict together")
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and supervoxels/")
    parser.add_argument("--scenes", type=Path, required=True, help="list of scenes")
    parser.add_argument("--shard", type=shard, default="0/1", help="K/N: every N-th scene from the K-th on")
    add_device_argument(parser)
    parser.add_argument("--out-dir", type=Path, required=True, help="gets one npz of regions a scene")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON written at the end")


def run(arguments: argparse.Namespace) -> None:
    from twist.leases import lease_gpus

    lease_gpus(arguments.device)  # before torch is imported

    from twist.devices import describe, open_device
    from twist.files import read_names, write_json
    from twist.network.model import trained_with
    from twist.regions import Regions
    from twist.runs import chosen_settings
    from twist.scans import each_scan, scored_instances, work_on

    begin = time.perf_counter()
    settings = chosen_settings(arguments)
    scenes, out_dir = read_names(arguments.scenes)[arguments.shard], arguments.out_dir
    depends = settings.of_prediction()
    device = open_device(arguments.device)
    for models, sample, out in each_scan(arguments.model, arguments.data, scenes, out_dir, depends, device):
        with work_on(sample.name):
            found, _ = scored_instances(models, sample, settings)
        found.save(out)
    instances = {scene: len(Regions.load(out_dir / f"{scene}.npz")) for scene in scenes}
    manifest = {
        "device": describe(device),
        "wall_seconds": round(time.perf_counter() - begin, 3),
        "scenes": instances,
        "trained_with": trained_with(arguments.model),
    }
    write_json(arguments.manifest, manifest)
    print(f"{sum(instances.values())} instances in {len(scenes)} scans")
