# Validation, wildcards and the functions that tell rules their inputs, settings and resources.

import dataclasses
import functools
import json
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

sys.path.insert(0, str(workflow.basedir))

from twist.errors import TwistError
from twist.experiments import Experiment
from twist.locks import clear_stale_locks, sole_run
from twist.preparation import FORMATS
from twist.rooms.plan import GENERATOR_VERSION
from twist.runs import Run, dataset_settings
from twist.slurm import cancel_orphans
from twist.splits import (
    hidden_list,
    hidden_scenes,
    labelled_count,
    portions,
    scene_lists,
)

# Jobs run the Python that runs Snakemake, also where its environment is not activated; a training process
# uses one thread (docs/architecture.md). The prefix replaces Snakemake's own, strict mode included: without
# pipefail, `python ... | tee` would hide a failure. Slurm sends SIGTERM to every process of a job: the shell and
# tee outlive it, because a job is killed once its shell has ended, and a training needs to save its state.
BIN = shlex.quote(str(Path(sys.executable).parent))
shell.prefix(
    f"set -euo pipefail; export PATH={BIN}:$PATH OMP_NUM_THREADS=${{{{OMP_NUM_THREADS:-1}}}}; "
    "trap : TERM; tee() {{ trap '' TERM; command tee \"$@\"; }}; "
)

validate(config, "../schemas/config.schema.yaml")

CONFIG = Path("config")
ENVIRONMENT = "../../envs/twist.yaml"
OVERRIDES = config["settings"]

if workflow.is_main_process:
    clear_stale_locks(Path(".snakemake"))


wildcard_constraints:
    dataset=r"[a-z0-9]+(-[a-z0-9]+)*",
    ratio=r"\d+(\.\d+)?",
    run=r"[a-z0-9]+(-[a-z0-9]+)*_\d+(\.\d+)?pct(-[a-z0-9.]+)*",
    round=r"\d+",
    seed=r"\d+",
    chunk=r"(test)?\d{3}",
    shard=r"\d+",
    scan=r"[^/]+",


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


@functools.cache
def resolved(run):
    return run.resolve(CONFIG, OVERRIDES)


settings_of = told(resolved)


@functools.cache
@told
def owner(run, stage, scored=False):
    """The run in whose folder this run's round ``stage`` is trained, or scored."""
    return run.at(stage, resolved, scored=scored)


def run_setting(*names):
    """A params function: the run's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: settings_of(run_of(wildcards)).canonical_json(*names)


def last_round(run):
    return 0 if run.method == "suponly" else settings_of(run).selftraining.rounds


def scored_rounds(run):
    """The rounds that are reported of a run: 0 for Sup-only, 1 to the last for the others."""
    last = last_round(run)
    return range(1, last + 1) if last else [0]


@told
def split_of(run, name):
    settings = data_settings(run.dataset)
    if not settings.data.label_lists:
        labelled_count(run.ratio_pct, len(lists_of(run.dataset).train))
    return f"results/data/{run.dataset}/splits/{run.ratio}pct-seed{run.seed}/{name}.txt"


def override(wildcards, output):
    """Settings over the files' as text. It takes `output` only so that Snakemake, which tracks no parameter derived
    from files, does not track it: what a rule depends on stands in its `settings`."""
    return json.dumps(OVERRIDES)


def training_seed(wildcards):
    """Another seed for each round of each run."""
    run = run_of(wildcards)
    return 1_000_000 * run.init + 100 * run.seed + int(wildcards.get("round", 0))


def device_of(wildcards, resources):
    """`--resources gpu=0` runs GPU rules on the CPU."""
    return "auto" if resources.gpu else "cpu"


def model_of(run, stage):
    """The model of a run after round ``stage``; runs that are alike so far share it."""
    return f"results/{owner(run, stage).name}/round{stage}/model.pt"


def score_of(run, stage):
    """The score of ``model_of(run, stage)`` with the run's settings of prediction."""
    return f"results/{owner(run, stage, scored=True).name}/round{stage}/eval.json"


def scores_of(run):
    """The scores of all rounds that are reported of a run."""
    return [score_of(run, stage) for stage in scored_rounds(run)]


def last_predictions(wildcards):
    """The manifests of the last model's predictions of the scored scenes."""
    run = run_of(wildcards)
    scored = Path(score_of(run, last_round(run)))
    return shard_manifests(run, scored.with_name("predictions"))


@told
def models_of(run, stage, count):
    """The models of a run after round ``stage`` that answer together."""
    return [model_of(member, stage) for member in run.members(count)]


def predicting_models(wildcards):
    """The models that predict together, after the round named or the last one."""
    run = run_of(wildcards)
    stage = int(wildcards.get("round", last_round(run)))
    return models_of(run, stage, settings_of(run).prediction.ensemble)


def labelling_models(wildcards):
    run = run_of(wildcards)
    return models_of(
        run, int(wildcards.round) - 1, settings_of(run).pseudolabels.ensemble
    )


def labels_folder(run, stage):
    """Where the pseudo-labels lie that round ``stage`` learns from; the members of an ensemble share them."""
    run = owner(run, int(stage))
    if settings_of(run).pseudolabels.ensemble > 1:
        run = dataclasses.replace(run, init=0)
    return f"results/{run.name}/round{stage}/pseudolabels"


def previous_model(wildcards):
    return model_of(run_of(wildcards), int(wildcards.round) - 1)


def shards_of(wildcards):
    return settings_of(run_of(wildcards)).data.inference_shards


def shard_manifests(run, folder):
    """What the jobs leave in ``folder`` that labelling or prediction is divided into."""
    shards = range(settings_of(run).data.inference_shards)
    return [f"{folder}/shard{shard}.json" for shard in shards]


def predictions_of_round(wildcards):
    folder = f"results/{wildcards.run}/round{wildcards.round}/predictions"
    return shard_manifests(run_of(wildcards), folder)


def round_inputs(wildcards):
    """The weights a round starts from and, but for the control, its pseudo-labels."""
    run = run_of(wildcards)
    if run.method == "suponly" or int(wildcards.round) < 1:
        raise WorkflowError(f"{run.name} has no round {wildcards.round}")
    settings = settings_of(run)
    if settings.selftraining.start == "continue":
        inputs = {"start": previous_model(wildcards)}
    else:
        inputs = backbone_of(run)
    if run.method == "twist":
        inputs["pseudo"] = shard_manifests(run, labels_folder(run, wildcards.round))
        inputs["unlabelled"] = split_of(run, "unlabelled")
    return inputs


def round_arguments(wildcards, input):
    words = ["--stage round" if "pseudo" in input.keys() else "--stage control"]
    words += [
        f"--{key} {input[key]}" for key in ("start", "backbone") if key in input.keys()
    ]
    if "pseudo" in input.keys():
        folder = Path(input.pseudo[0]).parent
        words.append(f"--unlabelled {input.unlabelled} --pseudo-labels {folder}")
    return " ".join(words)


def metrics_of_run(wildcards):
    """Training metrics of all rounds of a run, its start's included."""
    run = run_of(wildcards)
    models = (model_of(run, stage) for stage in range(last_round(run) + 1))
    return [str(Path(model).with_name("metrics.csv")) for model in models]


def scores_of_run(wildcards):
    return scores_of(run_of(wildcards))


@told
def compared_runs(wildcards):
    """Sup-only, the control and TWIST with the same modifiers and seed."""
    named = Run.parse(f"{wildcards.dataset}_{wildcards.ratio}pct{wildcards.rest}")
    return [
        dataclasses.replace(named, method=method)
        for method in ("suponly", "control", "twist")
    ]


def table_rows(wildcards):
    """Every scored round of the compared runs."""
    return [score for run in compared_runs(wildcards) for score in scores_of(run)]


def finished_runs(wildcards):
    return [f"results/{run.name}/eval.json" for run in compared_runs(wildcards)]


@told
def scores_of_experiment(wildcards):
    """The scores of all rounds of all runs of a table."""
    experiment = Experiment.load(CONFIG / "experiments" / f"{wildcards.name}.yaml")
    return [f"results/{run.name}/rounds.json" for run in experiment.runs()]


# --- data sets ------------------------------------------------------------------------------------


@functools.cache
@told
def data_settings(dataset):
    return dataset_settings(dataset, CONFIG, OVERRIDES)


def data_setting(*names):
    """A params function: the data set's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: data_settings(wildcards.dataset).canonical_json(*names)


@functools.cache  # planning asks for them thousands of times
@told
def lists_of(dataset):
    settings = data_settings(dataset)
    if not settings.data.raw:
        raise TwistError(
            f"config/datasets/{dataset}.yaml: set data.raw to the raw data's folder"
        )
    return scene_lists(settings, Path(settings.data.raw))


@functools.cache
def chunks_of(dataset):
    """Portions of a data set's scenes, by name."""
    return lists_of(dataset).chunks(data_settings(dataset).data.scenes_per_job)


@functools.cache
@told
def hidden_chunks_of(dataset):
    """Portions of a benchmark's hidden test scenes, by name; only a submission asks for them."""
    settings = data_settings(dataset)
    names = hidden_scenes(settings, Path(settings.data.raw))
    return portions(names, settings.data.scenes_per_job, prefix="test")


def scenes_of_chunk(wildcards):
    hidden = wildcards.chunk.startswith("test")
    chunks = hidden_chunks_of if hidden else chunks_of
    return chunks(wildcards.dataset)[wildcards.chunk]


@told
def raw_sources(dataset, scenes):
    """The raw files of some scenes of real data, so that a changed file is prepared again."""
    data = data_settings(dataset).data
    layout = FORMATS[data.format]
    try:
        folders = [layout.find(Path(data.raw), scene) for scene in scenes]
    except TwistError as error:
        raise TwistError(
            f"{error}; `python -m twist check {dataset}` tells all that is missing"
        )
    return [str(file) for folder in folders for file in layout.source_files(folder)]


def generated_sizes(wildcards):
    settings = data_settings(wildcards.dataset)
    train, val = settings.rooms.train_scenes, settings.rooms.val_scenes
    if settings.data.format == "s3dis":
        return f"--scenes {train + val}"
    return f"--scenes {train} --val-scenes {val}"


def raw_files(wildcards):
    """What a chunk is prepared from: the generator's manifest, or the raw folders."""
    settings = data_settings(wildcards.dataset)
    if settings.data.generated:
        return f"results/data/{wildcards.dataset}/generated/{wildcards.chunk}.json"
    return raw_sources(wildcards.dataset, scenes_of_chunk(wildcards))


def generated_scans(wildcards):
    """The generator's manifests, where the data are generated: there is nothing to check before."""
    generated = data_settings(wildcards.dataset).data.generated
    return manifests(wildcards.dataset, "generated") if generated else []


def check_of(wildcards):
    """A download is checked whole before it is prepared; generated scans are what their manifests say."""
    generated = data_settings(wildcards.dataset).data.generated
    return [] if generated else f"results/data/{wildcards.dataset}/check.json"


def manifests(dataset, step):
    """The manifests of all jobs of a preparation step: proof that every scene's file is there and current."""
    return [
        f"results/data/{dataset}/{step}/{chunk}.json" for chunk in chunks_of(dataset)
    ]


def scenes_of_run(wildcards):
    """The description of all prepared scenes of a run's data set."""
    return f"results/data/{run_of(wildcards).dataset}/scenes.json"
