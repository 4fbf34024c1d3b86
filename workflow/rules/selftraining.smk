# Round 0 trains on labels alone; round r >= 1 labels the unlabelled scenes with round r-1's model and trains
# on both. Trainings keep their resumable state in work/ beside their output; Snakemake never deletes it.


rule run_settings:
    output:
        "results/{run}/settings.yaml",
    params:
        settings=lambda wildcards: settings_of(run_of(wildcards)).to_json(),
    log:
        "results/{run}/logs/settings.log",
    conda:
        ENVIRONMENT
    localrule: True
    shell:
        "{TWIST} settings --run {wildcards.run} --config {CONFIG} --override {OVERRIDES_JSON:q}"
        " --out {output} > {log} 2>&1"


rule train_start:
    input:
        settings=ancient("results/{run}/settings.yaml"),
        labelled=lambda wildcards: split_of(run_of(wildcards), "labelled"),
        data=lambda wildcards: manifests(run_of(wildcards).dataset, "prepared", "supervoxels"),
    output:
        model="results/{run}/round0/model.pt",
        metrics="results/{run}/round0/metrics.csv",
    params:
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_start_training(),
        run=run_of,
        full=lambda wildcards: "--full" if run_of(wildcards).ratio_pct == 100 else "",
        seed=training_seed,
        device=device_of,
        work="results/{run}/round0/work",
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=1440,
    log:
        "results/{run}/logs/train-round0.log",
    benchmark:
        "results/{run}/benchmarks/train-round0.tsv"
    conda:
        ENVIRONMENT
    shell:
        "{TWIST} train --stage start {params.full} --settings {input.settings}"
        " --data results/data/{params.run.dataset} --labelled {input.labelled} --depends {input.data}"
        " --seed {params.seed} --device {params.device} --name '{wildcards.run} round 0'"
        " --work {params.work} --out {output.model} 2>&1 | tee {log}"


def previous_model(wildcards):
    return round_folder(run_of(wildcards), int(wildcards.round) - 1) + "/model.pt"


rule pseudo_labels:
    input:
        settings=ancient("results/{run}/settings.yaml"),
        model=previous_model,
        unlabelled=lambda wildcards: split_of(run_of(wildcards), "unlabelled"),
        data=lambda wildcards: manifests(run_of(wildcards).dataset, "prepared", "supervoxels"),
    output:
        "results/{run}/round{round}/pseudolabels/shard{shard}.json",
    params:
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_labelling(int(wildcards.round)),
        run=run_of,
        shards=lambda wildcards: settings_of(run_of(wildcards)).data.inference_shards,
        device=device_of,
        folder=subpath(output[0], parent=True),
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=240,
    log:
        "results/{run}/logs/label-round{round}-shard{shard}.log",
    benchmark:
        "results/{run}/benchmarks/label-round{round}-shard{shard}.tsv"
    conda:
        ENVIRONMENT
    shell:
        "{TWIST} label --settings {input.settings} --model {input.model}"
        " --data results/data/{params.run.dataset} --scenes {input.unlabelled}"
        " --shard {wildcards.shard}/{params.shards} --round {wildcards.round} --device {params.device}"
        " --out-dir {params.folder} --manifest {output} 2>&1 | tee {log}"


def round_inputs(wildcards):
    """The weights a round starts from and, but for the control, its pseudo-labels."""
    run = run_of(wildcards)
    if run.method == "suponly" or int(wildcards.round) < 1:
        raise WorkflowError(f"{run.name} has no round {wildcards.round}")
    settings = settings_of(run)
    inputs = {}
    if settings.selftraining.start == "continue":
        inputs["start"] = previous_model(wildcards)
    if run.method == "twist":
        inputs["pseudo"] = [
            f"results/{run.name}/round{wildcards.round}/pseudolabels/shard{shard}.json"
            for shard in range(settings.data.inference_shards)
        ]
        inputs["unlabelled"] = split_of(run, "unlabelled")
    return inputs


def round_arguments(wildcards, input):
    words = ["--stage round" if "pseudo" in input.keys() else "--stage control"]
    if "start" in input.keys():
        words.append(f"--start {input.start}")
    if "pseudo" in input.keys():
        folder = Path(input.pseudo[0]).parent
        words.append(f"--unlabelled {input.unlabelled} --pseudo-labels {folder}")
    return " ".join(words)


rule train_round:
    input:
        unpack(round_inputs),
        settings=ancient("results/{run}/settings.yaml"),
        labelled=lambda wildcards: split_of(run_of(wildcards), "labelled"),
        data=lambda wildcards: manifests(run_of(wildcards).dataset, "prepared", "supervoxels"),
    output:
        model="results/{run}/round{round}/model.pt",
        metrics="results/{run}/round{round}/metrics.csv",
    params:
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_round_training(),
        run=run_of,
        arguments=round_arguments,
        depends=lambda wildcards, input: [*input.data, *input.get("pseudo", [])],
        seed=training_seed,
        device=device_of,
        work="results/{run}/round{round}/work",
    wildcard_constraints:
        round=r"[1-9]\d*",
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=1440,
    log:
        "results/{run}/logs/train-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/train-round{round}.tsv"
    conda:
        ENVIRONMENT
    shell:
        "{TWIST} train {params.arguments} --settings {input.settings}"
        " --data results/data/{params.run.dataset} --labelled {input.labelled} --depends {params.depends}"
        " --seed {params.seed} --device {params.device} --name '{wildcards.run} round {wildcards.round}'"
        " --work {params.work} --out {output.model} 2>&1 | tee {log}"
