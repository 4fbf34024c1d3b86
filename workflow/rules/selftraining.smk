# Round 0 trains on labels alone; round r >= 1 labels the unlabelled scenes with round r-1's model and trains
# on both. Trainings keep their resumable state in work/ beside their output; Snakemake never deletes it.


include: "selftraining_inputs.smk"


rule train_start:
    input:
        unpack(start_inputs),
        labelled=lambda wildcards: split_of(run_of(wildcards), "labelled"),
        data=scenes_of_run,
    output:
        model="results/{run}/round0/model.pt",
        metrics="results/{run}/round0/metrics.csv",
    log:
        "results/{run}/logs/train-round0.log",
    benchmark:
        "results/{run}/benchmarks/train-round0.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=gpus_of_training,
        cpus_per_task=training_cores,
        mem_mb=training_memory,
        runtime=training_minutes,
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_start_training(),
        run=run_of,
        arguments=start_arguments,
        seed=training_seed,
        device=device_of,
        work="results/{run}/round0/work",
    shell:
        "python -m twist train --stage start {params.arguments} --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --labelled {input.labelled} --scenes {input.data}"
        " --seed {params.seed} --device {params.device} --name '{wildcards.run} round 0'"
        " --work {params.work} --out {output.model} 2>&1 | tee {log}"


rule pseudo_labels:
    input:
        models=labelling_models,
        unlabelled=lambda wildcards: split_of(run_of(wildcards), "unlabelled"),
        data=scenes_of_run,
    output:
        "results/{run}/round{round}/pseudolabels/shard{shard}.json",
    log:
        "results/{run}/logs/label-round{round}-shard{shard}.log",
    benchmark:
        "results/{run}/benchmarks/label-round{round}-shard{shard}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        mem_mb=memory("infer"),
        runtime=minutes("infer", scans_of_labelling),
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_labelling(
            int(wildcards.round)
        ),
        run=run_of,
        shards=shards_of,
        device=device_of,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist label --run {wildcards.run} --override {params.override:q}"
        " --model {input.models}"
        " --data results/data/{params.run.dataset} --scenes {input.unlabelled}"
        " --shard {wildcards.shard}/{params.shards} --round {wildcards.round} --device {params.device}"
        " --out-dir {params.folder} --manifest {output} 2>&1 | tee {log}"


rule train_round:
    input:
        unpack(round_inputs),
        labelled=lambda wildcards: split_of(run_of(wildcards), "labelled"),
        data=scenes_of_run,
    output:
        model="results/{run}/round{round}/model.pt",
        metrics="results/{run}/round{round}/metrics.csv",
    log:
        "results/{run}/logs/train-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/train-round{round}.tsv"
    wildcard_constraints:
        round=r"[1-9]\d*",
    conda:
        ENVIRONMENT
    resources:
        gpu=gpus_of_training,
        cpus_per_task=training_cores,
        mem_mb=training_memory,
        runtime=training_minutes,
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_round_training(
            pseudo_labels=run_of(wildcards).method == "twist"
        ),
        run=run_of,
        arguments=round_arguments,
        labels=lambda wildcards, input: input.get("pseudo", []),
        seed=training_seed,
        device=device_of,
        work="results/{run}/round{round}/work",
    shell:
        "python -m twist train {params.arguments} --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --labelled {input.labelled} --scenes {input.data}"
        " --labels {params.labels}"
        " --seed {params.seed} --device {params.device} --name '{wildcards.run} round {wildcards.round}'"
        " --work {params.work} --out {output.model} 2>&1 | tee {log}"
