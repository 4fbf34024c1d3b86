"""Predict the instances of one's own scan."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from twist.checking import distance

if TYPE_CHECKING:
    import numpy as np

    from twist.classes import ClassTable
    from twist.formats.scans.record import ScanFile
    from twist.inspection.own_scan import FittedScan
    from twist.network.model import Model
    from twist.regions import Regions
    from twist.settings import Settings

HELP = "find the instances of any scan (PLY, PCD, OBJ, GLB, LAS, LAZ, text, NPY and more); no labels needed"
EXAMPLE = "python -m twist predict scan.ply --model results/rooms_5pct/round5/model.pt --out found"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.inspection.frame import AXES, UNITS
    from twist.leases import add_device_argument
    from twist.runs import add_settings_arguments

    parser.add_argument("scan", type=Path, help="mesh or point cloud")
    parser.add_argument(
        "--model",
        type=Path,
        action="append",
        required=True,
        help="model.pt of a run's round; given several times, they answer together",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--unit", choices=("auto", *UNITS), default="auto", help="of the scan's coordinates")
    parser.add_argument(
        "--up", choices=("auto", *AXES), default="auto", help="axis of the scan that points up"
    )
    parser.add_argument(
        "--spacing", type=distance, metavar="M", help="thin to points M metres apart; 0 = keep every point"
    )
    add_device_argument(parser)
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    from twist.leases import lease_gpus

    lease_gpus(arguments.device)  # before torch is imported

    from collections import Counter

    from twist.devices import describe, open_device
    from twist.files import file_sha256, write_json
    from twist.formats.scans.reading import read_scan
    from twist.inspection.own_scan import fit_scan, misfits
    from twist.network.ensemble import Ensemble
    from twist.provenance import provenance
    from twist.scans import find_instances

    began = time.perf_counter()
    scan = read_scan(arguments.scan)
    colours = "without colours" if scan.rgb is None else "coloured"
    print(f"{arguments.scan}: {len(scan)} points, {len(scan.faces)} faces, {colours}", flush=True)
    ensemble = Ensemble.load(arguments.model, open_device(arguments.device))
    settings = _settings(arguments, ensemble.first)
    fitted = fit_scan(
        scan,
        settings.supervoxels,
        unit=None if arguments.unit == "auto" else arguments.unit,
        up=None if arguments.up == "auto" else arguments.up,
        spacing_m=ensemble.first.facts.get("spacing_m") if arguments.spacing is None else arguments.spacing,
    )
    notes = [*fitted.notes, *misfits(fitted, ensemble.table, settings)]
    if len(ensemble.models) < settings.prediction.ensemble:
        notes.append(
            f"by its settings {settings.prediction.ensemble} models predict together (prediction.ensemble); "
            f"given are {len(ensemble.models)}"
        )
    for note in notes:
        print(f"note: {note}", flush=True)
    instances, classes = find_instances(ensemble, fitted, settings)
    instances = instances.select(fitted.of_file(instances).sizes > 0)  # not of samples alone
    write_results(arguments.out, scan, fitted, instances, classes, ensemble.table)
    facts = {
        "scan": arguments.scan.name,
        "models": [file_sha256(path) for path in arguments.model],
        "unit": fitted.unit,
        "up": fitted.up,
        "points": len(scan),
        "points_taken": len(fitted.scene),
        "instances": len(instances),
        "notes": notes,
        **provenance(
            settings_fingerprint=settings.fingerprint(settings.of_own_scan()),
            device=describe(ensemble.device),
            wall_seconds=time.perf_counter() - began,
            trained_with=(model.facts.get("trained_with") for model in ensemble.models),
        ),
    }
    write_json(arguments.out / "scan.json", facts)
    counts = Counter(ensemble.table.names[label] for label in instances.label)
    told = ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"
    print(f"{len(instances)} instances ({told}) in {arguments.out}")


def write_results(
    out: Path,
    scan: ScanFile,
    fitted: FittedScan,
    instances: Regions,
    classes: np.ndarray,
    table: ClassTable,
) -> None:
    """``predictions.npz``, ``instances.csv`` and ``instances.ply`` of one scan, in its file's order and unit,
    and, after them, the page ``viewer.html`` of the points that the network was given.

    instances, classes: as ``find_instances`` gives them
    """
    import numpy as np

    from twist.files import write_text
    from twist.showing.instances import COLUMNS, instance_rows, write_instances
    from twist.showing.tables import as_csv
    from twist.showing.viewer import Labelling, ViewedScene, write_viewer

    of_file, class_of_point = fitted.of_file(instances), np.append(classes, -1)[fitted.thinned.of_point]
    of_file.save(out / "predictions.npz")
    write_instances(out / "instances.ply", scan, of_file, np.append(table.label_ids, 0)[class_of_point])
    write_text(out / "instances.csv", as_csv(instance_rows(of_file, scan.xyz, table), COLUMNS))
    found = Labelling("Predictions", instances, classes)
    viewed = ViewedScene(fitted.scene, labellings=[found], supervoxel=fitted.supervoxels["supervoxel"])
    write_viewer(out / "viewer.html", [viewed], title=scan.path.name, table=table)


def _settings(arguments: argparse.Namespace, model: Model) -> Settings:
    """Those that the model was saved with, or of the run or data set that is named; then the overrides.

    Raises TwistError where nothing tells them.
    """
    from dataclasses import replace

    from twist.errors import TwistError
    from twist.runs import chosen_settings, overrides_of
    from twist.settings import Settings

    if arguments.run or arguments.dataset:
        settings = chosen_settings(arguments)
    elif "settings" in model.facts:
        layers = {str(arguments.model[0]): model.facts["settings"], "--override": overrides_of(arguments)}
        settings = Settings.from_layers(layers)
    else:
        raise TwistError(
            f"{arguments.model[0]} does not tell its run's settings (an older version made it); name the "
            "run, such as --run rooms_5pct"
        )
    network = (overrides_of(arguments) or {}).get("network", {})
    asked = Settings.from_layers({"--override": {"network": network}}).network
    if any(getattr(asked, name) != getattr(model.settings, name) for name in network):
        raise TwistError(
            f"--override: {arguments.model[0]} was trained with another network. Where points lie too far "
            "apart for it, scan more densely, or train on scans like these"
        )
    return replace(settings, network=model.settings)
