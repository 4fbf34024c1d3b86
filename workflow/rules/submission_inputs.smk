# What the rules of submission.smk ask for.

from twist.splits import hidden_list


def hidden_names(wildcards):
    """The list of hidden test scenes."""
    settings = data_settings(run_of(wildcards).dataset)
    return str(hidden_list(settings, Path(settings.data.raw)))


def hidden_manifests(wildcards):
    """Proof that every hidden test scene and its supervoxels are there and current."""
    dataset = run_of(wildcards).dataset
    return [
        f"results/data/{dataset}/{step}/{chunk}.json"
        for step in ("prepared", "supervoxels")
        for chunk in hidden_chunks_of(dataset)
    ]


def submitted_predictions(wildcards):
    """The manifests of the last model's predictions."""
    run = run_of(wildcards)
    if wildcards.part == "test":
        return shard_manifests(run, f"results/{run.name}/test/predictions")
    return last_predictions(wildcards)


def submitted_scenes(wildcards):
    if wildcards.part == "test":
        return hidden_names(wildcards)
    return split_of(run_of(wildcards), "val")
