# The functions that tell the rules of diagnosis.smk their inputs.


def check_diagnosable(run):
    if run.method != "twist":
        raise WorkflowError(
            f"{run.name} learns from no pseudo-labels, so there are none to diagnose; name a run of TWIST"
        )


def diagnosed_labels(wildcards):
    """The manifests of the labels that a round learns from."""
    check_diagnosable(run_of(wildcards))
    return round_inputs(wildcards)["pseudo"]


def diagnosed_rounds(name):
    """An input function: this file of each round's diagnosis. Runs that are alike so far share it."""

    def files(wildcards):
        run = run_of(wildcards)
        check_diagnosable(run)
        models = (
            model_of(run, round_number)
            for round_number in range(1, last_round(run) + 1)
        )
        return [str(Path(model).with_name(name)) for model in models]

    return files
