# Validation, wildcards and the functions that tell rules their inputs, settings and resources.

import dataclasses
import functools
import hashlib
import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from twist.checking import read_yaml
from twist.errors import TwistError
from twist.experiments.labels import diagnosis_file, labelled_rows
from twist.experiments.rows import Experiment
from twist.locks import clear_stale_locks, sole_run
from twist.planned import VARIABLE, keep_configuration
from twist.runs import Run
from twist.slurm import cancel_orphans
from twist.splits import labelled_count
from twist.versions import (
    GENERATOR_VERSION,
    PREPARATION_VERSION,
    SCORING_VERSION,
    VIEWS_VERSION,
)

# Jobs run the Python that runs Snakemake, also where its environment is not activated, unless they have one of
# their own (--sdm conda); a process uses one thread (docs/architecture.md). The prefix replaces Snakemake's own,
# strict mode included: without pipefail, `python ... | tee` would hide a failure. Slurm sends SIGTERM to every
# process of a job: the shell and tee outlive it, because a job is killed once its shell has ended, and a training
# needs to save its state.
BIN = shlex.quote(str(Path(sys.executable).parent))
OWN_PATH = (
    "" if workflow.deployment_settings.deployment_method else f"PATH={BIN}:$PATH "
)
shell.prefix(
    f"set -euo pipefail; export {OWN_PATH}OMP_NUM_THREADS=1; "
    "trap : TERM; tee() {{ trap '' TERM; command tee \"$@\"; }}; "
)

# Snakemake forgets the first of a key that stands twice.
try:
    for file in workflow.configfiles:
        if Path(file).suffix in (".yaml", ".yml"):
            read_yaml(file)
except TwistError as error:
    raise WorkflowError(str(error)) from None
validate(config, "../schemas/config.schema.yaml")

KEPT = Path(".snakemake/configurations")
ENVIRONMENT = "../../envs/twist.yaml"
OVERRIDES = config["settings"]


wildcard_constraints:
    dataset=r"[a-z0-9]+(-[a-z0-9]+)*",
    ratio=r"\d+(\.\d+)?",
    run=r"[a-z0-9]+(-[a-z0-9]+)*_\d+(\.\d+)?pct(-[a-z0-9.]+)*",
    round=r"0|[1-9]\d*",
    seed=r"0|[1-9]\d*",
    chunk=r"(test)?\d{3}\d*",
    shard=r"0|[1-9]\d*",
    scan=r"[^/]+",


def as_workflow_error(function):
    """Show a TwistError as one line instead of a traceback."""

    @functools.wraps(function)
    def wrapper(*arguments, **options):
        try:
            return function(*arguments, **options)
        except TwistError as error:
            raise WorkflowError(str(error)) from None

    return wrapper


if workflow.is_main_process:
    as_workflow_error(clear_stale_locks)(Path(".snakemake"))
    os.environ[VARIABLE] = str(as_workflow_error(keep_configuration)(CONFIG, KEPT))


def refuse_edited_plan():
    if str(keep_configuration(CONFIG, KEPT)) != os.environ[VARIABLE]:
        raise WorkflowError(
            f"{CONFIG}/ was edited while the run was planned; run the same command again"
        )


# --- runs -----------------------------------------------------------------------------------------


@as_workflow_error
def run_of(wildcards):
    return Run.parse(wildcards.run)


@functools.cache
def resolved(run):
    return run.resolve(CONFIG, OVERRIDES)


settings_of = as_workflow_error(resolved)


@functools.cache
@as_workflow_error
def owner(run, round_number, scored=False):
    """The run in whose folder this run's round ``round_number`` is trained, or scored."""
    return run.at(round_number, resolved, scored=scored)


def run_setting(*names):
    """A params function: the run's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: settings_of(run_of(wildcards)).canonical_json(*names)


def last_round(run):
    return 0 if run.method == "suponly" else settings_of(run).selftraining.rounds


def scored_rounds(run):
    """The rounds that are reported of a run: 0 for Sup-only, 1 to the last for the others."""
    last = last_round(run)
    return range(1, last + 1) if last else [0]


@functools.cache
@as_workflow_error
def labelled_count_of(run):
    """How many training scenes are labelled."""
    settings, scenes = data_settings(run.dataset), len(lists_of(run.dataset).train)
    raw = Path(settings.data.raw)
    return labelled_count(settings, raw, run.ratio, run.seed, scenes)


@as_workflow_error
def split_of(run, name):
    scenes = len(lists_of(run.dataset).train)
    if labelled_count_of(run) >= scenes and name == "unlabelled":
        raise TwistError(
            f"{run.name}: all {scenes} training scenes are labelled, and none is left to learn from; "
            f"full supervision is {run.dataset}_100pct-suponly"
        )
    return f"results/data/{run.dataset}/splits/{run.ratio}pct-seed{run.seed}/{name}.txt"


def override(wildcards, output):
    """Settings over the files' as text. It takes `output` only so that Snakemake, which tracks no parameter derived
    from files, does not track it: what a rule depends on stands in its `settings`."""
    return json.dumps(OVERRIDES)


def device_of(wildcards, resources):
    """`--resources gpu=0` runs GPU rules on the CPU; where a site wants `gres`, that asks for the GPU."""
    return "auto" if resources.gpu or resources.get("gres") else "cpu"


def model_of(run, round_number):
    """The model of a run after round ``round_number``; runs that are alike so far share it."""
    return f"results/{owner(run, round_number).name}/round{round_number}/model.pt"


def check_round(wildcards, scored=False):
    """Refuse a shared round in another folder than its own, where it would be trained or scored twice, unread."""
    run, number = run_of(wildcards), int(wildcards.get("round", 0))
    own = owner(run, number, scored)
    if own != run:
        raise WorkflowError(
            f"{run.name} shares round {number} with {own.name}: ask for results/{own.name}/round{number}/..."
        )


def check_shard(wildcards):
    count = shards_of(wildcards)
    if int(wildcards.shard) >= count:
        raise WorkflowError(
            f"shard{wildcards.shard}.json: the work is divided among shard0.json to shard{count - 1}.json "
            "(data.inference_shards)"
        )


def score_of(run, round_number):
    """The score of ``model_of(run, round_number)`` with the run's settings of prediction."""
    return f"results/{owner(run, round_number, scored=True).name}/round{round_number}/eval.json"


def scores_of(run):
    """The scores of all rounds that are reported of a run."""
    return [score_of(run, round_number) for round_number in scored_rounds(run)]


def predictions_folder(wildcards, input):
    return Path(input.predictions[0]).parent


def last_predictions(wildcards):
    """The manifests of the last model's predictions of the scored scenes."""
    run = run_of(wildcards)
    scored = Path(score_of(run, last_round(run)))
    return shard_manifests(run, scored.with_name("predictions"))


def shards_of(wildcards):
    return settings_of(run_of(wildcards)).data.inference_shards


def shard_manifests(run, folder):
    """What the jobs leave in ``folder`` that labelling or prediction is divided into."""
    shards = range(settings_of(run).data.inference_shards)
    return [f"{folder}/shard{shard}.json" for shard in shards]


def predictions_of_round(wildcards):
    folder = f"results/{wildcards.run}/round{wildcards.round}/predictions"
    return shard_manifests(run_of(wildcards), folder)


def metrics_of_run(wildcards):
    """Training metrics of all rounds of a run, its start's included."""
    run = run_of(wildcards)
    models = (
        model_of(run, round_number) for round_number in range(last_round(run) + 1)
    )
    return [str(Path(model).with_name("metrics.csv")) for model in models]


def scores_of_run(wildcards):
    return scores_of(run_of(wildcards))


@as_workflow_error
def compared_runs(wildcards):
    """Sup-only, the control and TWIST with the same modifiers and seed."""
    named = Run.parse(f"{wildcards.dataset}_{wildcards.ratio}pct{wildcards.rest}")
    return [
        dataclasses.replace(named, method=method)
        for method in ("suponly", "control", "twist")
    ]


def compared_rounds(wildcards):
    """The scores of all rounds of the compared runs."""
    return [f"results/{run.name}/rounds.json" for run in compared_runs(wildcards)]


@as_workflow_error
def rounds_of_experiment(wildcards):
    """The scores of all rounds of all runs of a table."""
    experiment = Experiment.load(CONFIG / "experiments" / f"{wildcards.name}.yaml")
    return [f"results/{run.name}/rounds.json" for run in experiment.runs()]


@as_workflow_error
def diagnoses_of_experiment(wildcards):
    """The diagnoses of all runs of a table that learn from pseudo-labels."""
    experiment = Experiment.load(CONFIG / "experiments" / f"{wildcards.name}.yaml")
    runs = [row.run_of(seed) for row in labelled_rows(experiment) for seed in row.seeds]
    return [diagnosis_file(run) for run in dict.fromkeys(runs)]
