# What rounds start from, learn from and are labelled and predicted by.


def training_seed(wildcards):
    """Another seed for each round; the same for all runs of a seed and initialisation, which are compared."""
    run = run_of(wildcards)
    return 1_000_000 * run.init + 100 * run.seed + int(wildcards.get("round", 0))


@as_workflow_error
def models_of(run, round_number, count):
    """The models of a run after round ``round_number`` that answer together."""
    return [model_of(member, round_number) for member in run.members(count)]


def predicting_models(wildcards):
    """The models that predict a run's own scans together: those after the last round."""
    run = run_of(wildcards)
    return models_of(run, last_round(run), settings_of(run).prediction.ensemble)


def scored_models(wildcards):
    """The models that predict the scored scenes together after the round named."""
    check_shard(wildcards)
    check_round(wildcards, scored=True)
    run = run_of(wildcards)
    return models_of(run, int(wildcards.round), settings_of(run).prediction.ensemble)


def labelling_models(wildcards):
    check_shard(wildcards)
    run = run_of(wildcards)
    folder = labels_folder(run, wildcards.round)
    if folder != f"results/{run.name}/round{wildcards.round}/pseudolabels":
        raise WorkflowError(
            f"{run.name} learns from the labels in {folder}: ask for those"
        )
    return models_of(
        run, int(wildcards.round) - 1, settings_of(run).pseudolabels.ensemble
    )


def labels_folder(run, round_number):
    """Where the pseudo-labels lie that round ``round_number`` learns from; the members of an ensemble share them."""
    run = owner(run, int(round_number))
    if settings_of(run).pseudolabels.ensemble > 1:
        run = dataclasses.replace(run, init=0)
    return f"results/{run.name}/round{round_number}/pseudolabels"


def previous_model(wildcards):
    return model_of(run_of(wildcards), int(wildcards.round) - 1)


def start_inputs(wildcards):
    check_round(wildcards)
    return backbone_of(run_of(wildcards))


def round_inputs(wildcards):
    """The weights a round starts from and, but for the control, its pseudo-labels."""
    check_round(wildcards)
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
