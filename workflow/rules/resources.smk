# Memory, time and cores that a job asks of a cluster: from its scans, the size of a scan, and the settings. On one
# machine nothing but `gpu` counts. docs/cluster.md tells where the figures come from.

from typing import NamedTuple


class Cost(NamedTuple):
    """Megabytes of a process and for each million points of the largest scan; seconds for each scan and for
    each million points."""

    mb: int
    mb_per_million: int
    s_per_scan: float
    s_per_million: float


COSTS = {
    "rooms": Cost(1000, 10_000, 0, 20),
    "check": Cost(1000, 200, 0.1, 1),
    "prepare": Cost(1000, 200, 0.1, 1),
    "supervoxels": Cost(1000, 500, 0.1, 15),
    "infer": Cost(2000, 2500, 0.1, 4),
    "views": Cost(1000, 2000, 1, 20),
    "evaluate": Cost(1000, 500, 0.2, 1),
    "diagnose": Cost(1000, 500, 0.2, 1),
}
TRAINING_MB = 3000  # beside the scans that its processes keep
TRAINING_S_PER_MILLION = 4

# Millions of points of a usual and of the largest scan; generated ones have the number that was asked for.
POINTS = {"scannet": (0.15, 0.6), "s3dis": (1.0, 10.0)}

# Time asked for: the estimate with a margin, and what starting Python on a busy file system may take. Never more
# than a day, which most clusters grant; what takes longer goes on in its next attempt.
MARGIN, START_MINUTES, MOST_MINUTES = 3, 15, 1440


def points_of(dataset):
    settings = data_settings(dataset)
    if settings.data.generated:
        return settings.rooms.vertices / 1e6, settings.rooms.vertices / 1e6
    return POINTS[settings.data.format]


def dataset_of(wildcards):
    return wildcards.get("dataset") or run_of(wildcards).dataset


def asked_mb(mb, attempt):
    """Twice as much from the second attempt on, as the first may have died for lack of it."""
    return int(mb) * min(attempt, 2)


def asked_minutes(seconds):
    return min(START_MINUTES + int(MARGIN * seconds / 60), MOST_MINUTES)


def fixed_memory(mb):
    """A resource function: megabytes of a job that takes about as much whatever the data."""
    return lambda wildcards, attempt: asked_mb(mb, attempt)


def memory(step):
    """A resource function: megabytes of a job of this step, enough for the largest scan in each of its processes."""

    def mem_mb(wildcards, attempt, threads):
        _, largest = points_of(dataset_of(wildcards))
        one = COSTS[step].mb + COSTS[step].mb_per_million * largest
        return asked_mb(threads * one, attempt)

    return mem_mb


def minutes(step, scans):
    """A resource function: minutes of a job of this step. scans: function of the wildcards, how many it handles."""

    def runtime(wildcards):
        usual, _ = points_of(dataset_of(wildcards))
        cost = COSTS[step]
        return asked_minutes(
            scans(wildcards) * (cost.s_per_scan + cost.s_per_million * usual)
        )

    return runtime


def chunk_size(wildcards):
    return len(scenes_of_chunk(wildcards))


def all_scans(wildcards):
    lists = lists_of(dataset_of(wildcards))
    return len(lists.train) + len(lists.val)


def training_scans(wildcards):
    return len(lists_of(dataset_of(wildcards)).train)


def scored_scans(wildcards):
    return len(lists_of(dataset_of(wildcards)).val)


def labelled_passes(wildcards):
    """How often each scan passes a network to be labelled: once a view and model."""
    labelling = settings_of(run_of(wildcards)).pseudolabels
    return labelling.views * labelling.ensemble


def predicted_passes(wildcards):
    prediction = settings_of(run_of(wildcards)).prediction
    return prediction.views * prediction.ensemble


def scans_of_labelling(wildcards):
    """Scans times passes that one job of labelling handles."""
    shards = settings_of(run_of(wildcards)).data.inference_shards
    return training_scans(wildcards) * labelled_passes(wildcards) / shards


def scans_of_prediction(wildcards):
    shards = settings_of(run_of(wildcards)).data.inference_shards
    return scored_scans(wildcards) * predicted_passes(wildcards) / shards


def gpus_of_training(wildcards):
    return settings_of(run_of(wildcards)).training.gpus_per_training


def training_cores(wildcards):
    """For each process of the training one core and one for each process that loads its scans. Not `threads`: on
    one machine two trainings on two cores share them better than one that waits for both.
    """
    training = settings_of(run_of(wildcards)).training
    return training.gpus_per_training * (1 + training.workers)


def training_memory(wildcards, attempt):
    """Each process that loads scans keeps up to `cache_gb` of them, and so does the training itself."""
    cache_mb = 1024 * settings_of(run_of(wildcards)).training.cache_gb
    own = TRAINING_MB * gpus_of_training(wildcards)
    return asked_mb(own + training_cores(wildcards) * cache_mb, attempt)


def training_minutes(wildcards):
    settings = settings_of(run_of(wildcards))
    training, rounds = settings.training, settings.selftraining
    if int(wildcards.get("round", 0)):
        scans = rounds.iterations * (rounds.labelled_per_step + rounds.pseudo_per_step)
    else:
        run = run_of(wildcards)
        labelled = labelled_count_of(run)
        steps = training.start_iterations(labelled, full=run.ratio_pct == 100)
        scans = steps * training.scenes_per_step
    usual, _ = points_of(dataset_of(wildcards))
    cropped = min(usual, settings.augmentation.voxels_max / 1e6)
    return asked_minutes(scans * TRAINING_S_PER_MILLION * cropped)


def pretraining_cores(wildcards):
    return 1 + data_settings(wildcards.dataset).training.workers


def pretraining_memory(wildcards, attempt):
    cache_mb = 1024 * data_settings(wildcards.dataset).training.cache_gb
    return asked_mb(TRAINING_MB + pretraining_cores(wildcards) * cache_mb, attempt)


def pretraining_minutes(wildcards):
    """A view shows about half of a scan."""
    options = data_settings(wildcards.dataset).pretraining
    usual, _ = points_of(wildcards.dataset)
    return asked_minutes(
        options.iterations * options.pairs_per_step * TRAINING_S_PER_MILLION * usual
    )
