# Validation, wildcards and the functions that tell rules their inputs, settings and resources.

import dataclasses
import functools
import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

sys.path.insert(0, str(workflow.current_basedir.join("../..").get_path_or_uri(secret_free=True)))

from twist.errors import TwistError
from twist.locks import clear_stale_locks
from twist.preparation import FORMATS
from twist.runs import Run, dataset_settings
from twist.settings import read_yaml
from twist.splits import scene_lists

# A training process uses one thread; see docs/architecture.md.
os.environ.setdefault("OMP_NUM_THREADS", "1")

validate(config, "../schemas/config.schema.yaml")

CONFIG = Path("config")
ENVIRONMENT = "../../envs/twist.yaml"
TWIST = f"{shlex.quote(sys.executable)} -m twist"
OVERRIDES = config["settings"]
OVERRIDES_JSON = json.dumps(OVERRIDES)
VARIANTS = read_yaml(CONFIG / "variants.yaml")

if workflow.is_main_process:
    clear_stale_locks(Path(".snakemake"))


wildcard_constraints:
    dataset=r"[a-z0-9]+(-[a-z0-9]+)*",
    ratio=r"\d+(\.\d+)?",
    run=r"[a-z0-9]+(-[a-z0-9]+)*_\d+(\.\d+)?pct(-[a-z0-9.]+)*",
    round=r"\d+",
    seed=r"\d+",
    chunk=r"\d{3}",
    shard=r"\d+",


def told(function):
    """Show a TwistError as one line instead of a traceback."""

    @functools.wraps(function)
    def wrapper(*arguments, **options):
        try:
            return function(*arguments, **options)
        except TwistError as error:
            raise WorkflowError(str(error)) from None

    return wrapper


# --- runs -----------------------------------------------------------------------------------------


@told
def run_of(wildcards):
    return Run.parse(wildcards.run)


@told
def settings_of(run):
    return run.resolve(CONFIG, OVERRIDES)


def run_setting(*names):
    """A params function: the run's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: settings_of(run_of(wildcards)).canonical_json(*names)


def round_folder(run, stage):
    """Where round ``stage`` of a run lies; round 0 is shared by all runs that start alike."""
    return f"results/{(run if stage else run.start(VARIANTS)).name}/round{stage}"


def last_round(run):
    return 0 if run.method == "suponly" else settings_of(run).selftraining.rounds


def scored_rounds(run):
    """The rounds that a run's own folder scores: 0 for Sup-only, 1 to the last for the others."""
    last = last_round(run)
    return range(1, last + 1) if last else [0]


def split_of(run, name):
    return f"results/data/{run.dataset}/splits/{run.ratio}pct-seed{run.seed}/{name}.txt"


def training_seed(wildcards):
    """Another seed for each round of each run."""
    return 100 * run_of(wildcards).seed + int(wildcards.get("round", 0))


def device_of(wildcards, resources):
    """`--resources gpu=0` runs GPU rules on the CPU."""
    return "auto" if resources.gpu else "cpu"


# --- data sets ------------------------------------------------------------------------------------


@told
def data_settings(dataset):
    return dataset_settings(dataset, CONFIG, OVERRIDES)


def data_setting(*names):
    """A params function: the data set's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: data_settings(wildcards.dataset).canonical_json(*names)


_chunks = {}


@told
def chunks_of(dataset):
    """Portions of a data set's scenes, by name."""
    if dataset not in _chunks:
        settings = data_settings(dataset)
        lists = scene_lists(settings, Path(settings.data.raw))
        _chunks[dataset] = lists.chunks(settings.data.scenes_per_job)
    return _chunks[dataset]


def scenes_of_chunk(wildcards):
    return chunks_of(wildcards.dataset)[wildcards.chunk]


@told
def raw_sources(settings, scenes):
    """The raw files of some scenes of real data, so that a changed file is prepared again."""
    raw, layout = Path(settings.data.raw), FORMATS[settings.data.format]
    return [str(file) for scene in scenes for file in layout.source_files(layout.find(raw, scene))]


def manifests(dataset, *steps):
    """All manifests of some preparation steps: proof that every scene's file is there and current."""
    return [
        f"results/data/{dataset}/{step}/{chunk}.json"
        for step in steps
        for chunk in chunks_of(dataset)
    ]
