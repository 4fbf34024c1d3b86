"""Make the pseudo-labels of unlabelled scans."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from twist.checking import natural, shard

HELP = "make pseudo-labels of unlabelled scans; scans already done by the same models are kept"
EXAMPLE = (
    "python -m twist label --run rooms_5pct --model model.pt --data results/data/rooms "
    "--scenes unlabelled.txt --round 2 --out-dir pseudolabels --manifest pseudolabels.json"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.leases import add_device_argument
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="several label together")
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and supervoxels/")
    parser.add_argument("--scenes", type=Path, required=True, help="list of unlabelled scenes")
    parser.add_argument("--shard", type=shard, default="0/1", help="K/N: every N-th scene from the K-th on")
    parser.add_argument("--round", type=natural, required=True, help="1 = semantic labels alone, from Φ")
    add_device_argument(parser)
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets labels and their evidence, an npz each a scene"
    )
    parser.add_argument("--manifest", type=Path, required=True, help="JSON written at the end")


def run(arguments: argparse.Namespace) -> None:
    from twist.leases import lease_gpus

    lease_gpus(arguments.device)  # before torch is imported

    from twist.devices import open_device
    from twist.errors import TwistError
    from twist.files import read_names, write_json
    from twist.runs import chosen_settings
    from twist.scans import each_scan, pseudo_label, work_on

    settings = chosen_settings(arguments)
    out_dir = arguments.out_dir
    if arguments.round < 1:
        raise TwistError("--round counts from 1; round 0 trains on labels alone and needs none of these")
    scenes = read_names(arguments.scenes)[arguments.shard]
    depends = settings.of_labelling(arguments.round)
    device = open_device(arguments.device)
    for models, sample, out in each_scan(arguments.model, arguments.data, scenes, out_dir, depends, device):
        with work_on(sample.name):
            labels, evidence = pseudo_label(models, sample, settings, arguments.round)
        evidence.save(out)  # first: a scan with labels counts as done
        labels.save(out)

    facts = {scene: label_facts(out_dir / f"{scene}.npz") for scene in scenes}
    write_json(arguments.manifest, {"round": arguments.round, "scenes": facts})
    share = sum(fact["labelled_share"] for fact in facts.values()) / max(len(facts), 1)
    instances = sum(fact["instances"] for fact in facts.values())
    print(f"round {arguments.round}: {100 * share:.1f} % of the points labelled, {instances} instances kept")
    if arguments.round > 1 and instances == 0:
        threshold = settings.pseudolabels.threshold_of(arguments.round)
        print(f"no proposal was kept above certainty {threshold}: the round trains on semantic labels only")


def label_facts(path: Path) -> dict[str, Any]:
    """What the manifest tells of one scene's pseudo-labels."""
    import numpy as np

    from twist.files import file_sha256
    from twist.selftraining.pseudolabels import PseudoLabels

    labels = PseudoLabels.load(path)
    return {
        "sha256": file_sha256(path),
        "labelled_share": round(float((labels.semantic >= 0).mean()), 4),
        "instances": len(np.unique(labels.instance[labels.instance >= 0])),
    }
