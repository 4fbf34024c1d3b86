# What a data set's name stands for: settings, lists and portions of scenes, raw files, manifests.

from twist.formats.scannet_labels import find_label_map
from twist.preparation import FORMATS
from twist.runs import dataset_settings
from twist.splits import hidden_scenes, label_list, lists_folder, portions, scene_lists


@functools.cache
@as_workflow_error
def data_settings(dataset):
    return dataset_settings(dataset, CONFIG, OVERRIDES)


def data_setting(*names):
    """A params function: the data set's settings that the rule's result depends on, as JSON."""
    return lambda wildcards: data_settings(wildcards.dataset).canonical_json(*names)


def raw_folder(wildcards, output):
    """Where the download lies. Untracked, as `override` is: one that is moved, links included, is the same."""
    return data_settings(wildcards.dataset).data.raw


@functools.cache  # planning asks for them thousands of times
@as_workflow_error
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
@as_workflow_error
def hidden_chunks_of(dataset):
    """Portions of a benchmark's hidden test scenes, by name; only a submission asks for them."""
    settings = data_settings(dataset)
    names = hidden_scenes(settings, Path(settings.data.raw))
    return portions(names, settings.data.scenes_per_job, prefix="test")


@as_workflow_error
def scenes_of_chunk(wildcards):
    hidden = wildcards.chunk.startswith("test")
    chunks = (hidden_chunks_of if hidden else chunks_of)(wildcards.dataset)
    if wildcards.chunk not in chunks:
        known = f"{next(iter(chunks))} to {list(chunks)[-1]}"
        raise TwistError(
            f"{wildcards.dataset} has no portion {wildcards.chunk}; there are {known}"
        )
    return chunks[wildcards.chunk]


@as_workflow_error
def raw_sources(dataset, scenes):
    """The raw files of some scenes of real data and their label map: what has changed is prepared again."""
    data = data_settings(dataset).data
    layout = FORMATS[data.format]
    try:
        folders = [layout.find(Path(data.raw), scene) for scene in scenes]
    except TwistError as error:
        raise TwistError(
            f"{error}; `python -m twist check {dataset}` tells all that is missing"
        )
    files = [file for folder in folders for file in layout.source_files(folder)]
    return [str(file) for file in files + label_map_of(data, layout)]


def label_map_of(data, layout):
    """The label map that the scans are read with; a missing one is told by the check, with all that is missing."""
    try:
        return [find_label_map(data.raw)] if layout.needs_label_map else []
    except TwistError:
        return []


def list_files(wildcards):
    """The lists of scenes that a split is made from, where a data set has such files."""
    settings = data_settings(wildcards.dataset)
    data, raw = settings.data, Path(settings.data.raw)
    if data.generated:
        return []
    folder = lists_folder(settings, raw)
    files = [folder / data.train_list, folder / data.val_list]
    if data.label_lists:
        files.append(label_list(settings, raw, wildcards.ratio, int(wildcards.seed)))
    return [str(file) for file in files if file.is_file()]


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


def state_of(files):
    """Names, sizes and dates of raw files, hashed: one that another, older file has replaced is noticed, too."""
    found = [Path(file) for file in files if Path(file).is_file()]
    states = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in found
    ]
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


def raw_state(wildcards):
    """The state of what a chunk is prepared from; the generator's manifests are younger than what they replace."""
    if data_settings(wildcards.dataset).data.generated:
        return ""
    return state_of(raw_files(wildcards))


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
