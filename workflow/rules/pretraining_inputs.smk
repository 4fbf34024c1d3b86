# The functions that tell the rules of pretraining.smk, and whoever starts from a backbone, their inputs.


def views_settings(wildcards):
    """What views depend on; recorded frames are read from the raw folder."""
    settings = data_settings(wildcards.dataset)
    recorded = ["data.raw"] if settings.views.source == "frames" else []
    return settings.canonical_json("views", *recorded)


def training_scans_of_chunk(wildcards):
    """The training scans of a portion: pre-training never reads a scored one."""
    train = set(lists_of(wildcards.dataset).train)
    return [
        scan for scan in chunks_of(wildcards.dataset)[wildcards.chunk] if scan in train
    ]


def view_manifests(wildcards):
    """The views of all portions with training scans."""
    train = set(lists_of(wildcards.dataset).train)
    return [
        f"results/data/{wildcards.dataset}/pretrain/views/{chunk}.json"
        for chunk, scans in chunks_of(wildcards.dataset).items()
        if train & set(scans)
    ]


def pretraining_setting(wildcards):
    """What a backbone depends on, as JSON."""
    return (
        data_settings(wildcards.dataset).pretrained(wildcards.method).of_pretraining()
    )


@as_workflow_error
def backbone_of(run):
    """The pre-trained backbone that a run starts from, as an input of its trainings; all runs of a data set share it."""
    settings = settings_of(run)
    method = settings.pretraining.method
    if method == "none":
        return {}
    shared = data_settings(run.dataset).pretrained(method)
    if settings.of_pretraining() != shared.of_pretraining():
        raise TwistError(
            f"{run.name}: all runs of {run.dataset} share one pre-trained backbone, so -{method} cannot be combined "
            "with a change of the network, of augmentation or of pre-training; make a data set of its own in "
            "config/datasets/"
        )
    return {"backbone": f"results/data/{run.dataset}/pretrain/{method}/model.pt"}


def start_arguments(wildcards):
    """More steps where every scan is labelled; the backbone that Φ starts with."""
    run = run_of(wildcards)
    words = ["--full"] if run.ratio_pct == 100 else []
    words += [f"--{key} {file}" for key, file in backbone_of(run).items()]
    return " ".join(words)
