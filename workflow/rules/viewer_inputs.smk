# What the 3D page of a run is made from.


def viewer_inputs(wildcards):
    """The manifests of the last model's predictions and, for TWIST, of the labels that each round learned."""
    run = run_of(wildcards)
    last = last_round(run)
    inputs = {
        "predictions": str(Path(score_of(run, last)).with_name("predictions.json"))
    }
    if run.method == "twist":
        inputs["unlabelled"] = split_of(run, "unlabelled")
        inputs["pseudo"] = [
            str(folder / f"shard{shard}.json")
            for folder in pseudo_label_folders(run)
            for shard in range(settings_of(run).data.inference_shards)
        ]
    return inputs


def pseudo_label_folders(run):
    """Where the labels that each round learned from lie, from round 1 on. Runs that are alike so far share them."""
    models = (model_of(run, stage) for stage in range(1, last_round(run) + 1))
    return [Path(model).with_name("pseudolabels") for model in models]


def viewer_arguments(wildcards, input):
    if "pseudo" not in input.keys():
        return ""
    folders = " ".join(
        str(folder) for folder in pseudo_label_folders(run_of(wildcards))
    )
    return f"--unlabelled {input.unlabelled} --pseudo-labels {folders}"
