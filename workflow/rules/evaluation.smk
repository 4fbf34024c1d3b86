# Every round of every run is predicted and scored the same way.


rule predict:
    input:
        settings=ancient("results/{run}/settings.yaml"),
        model=lambda wildcards: round_folder(run_of(wildcards), int(wildcards.round)) + "/model.pt",
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=lambda wildcards: manifests(run_of(wildcards).dataset, "prepared", "supervoxels"),
    output:
        "results/{run}/round{round}/predictions.json",
    params:
        settings=run_setting("proposals", "prediction"),
        run=run_of,
        device=device_of,
        folder=subpath(output[0], parent=True),
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=240,
    log:
        "results/{run}/logs/predict-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/predict-round{round}.tsv"
    conda:
        ENVIRONMENT
    shell:
        "{TWIST} predict --settings {input.settings} --model {input.model}"
        " --data results/data/{params.run.dataset} --scenes {input.scenes} --device {params.device}"
        " --out-dir {params.folder}/predictions --manifest {output} 2>&1 | tee {log}"


rule evaluate:
    input:
        settings=ancient("results/{run}/settings.yaml"),
        predictions="results/{run}/round{round}/predictions.json",
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
    output:
        "results/{run}/round{round}/eval.json",
    params:
        run=run_of,
        format=lambda wildcards: settings_of(run_of(wildcards)).data.format,
        about=lambda wildcards: run_of(wildcards).about(int(wildcards.round)),
        folder=subpath(output[0], parent=True),
    resources:
        mem_mb=4000,
        runtime=60,
    log:
        "results/{run}/logs/evaluate-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/evaluate-round{round}.tsv"
    conda:
        ENVIRONMENT
    shell:
        "{TWIST} evaluate --settings {input.settings} --dataset {params.format}"
        " --scenes results/data/{params.run.dataset}/scenes --list {input.scenes}"
        " --predictions {params.folder}/predictions --run {params.about:q} --out {output} > {log} 2>&1"


def rounds_of(run):
    """Folders of all rounds of a run, its start included."""
    return [round_folder(run, stage) for stage in range(last_round(run) + 1)]


rule finish_run:
    input:
        evaluations=lambda wildcards: [
            f"results/{wildcards.run}/round{stage}/eval.json"
            for stage in scored_rounds(run_of(wildcards))
        ],
        metrics=lambda wildcards: collect("{folder}/metrics.csv", folder=rounds_of(run_of(wildcards))),
    output:
        evaluation="results/{run}/eval.json",
        metrics="results/{run}/metrics.csv",
    log:
        "results/{run}/logs/finish.log",
    conda:
        ENVIRONMENT
    localrule: True
    shell:
        "{TWIST} finish --evaluations {input.evaluations} --metrics {input.metrics}"
        " --out {output.evaluation} --metrics-out {output.metrics} > {log} 2>&1"


@told
def compared_runs(wildcards):
    """Sup-only, the control and TWIST with the same modifiers and seed."""
    named = Run.parse(f"{wildcards.dataset}_{wildcards.ratio}pct{wildcards.rest}")
    return [dataclasses.replace(named, method=method) for method in ("suponly", "control", "twist")]


def table_rows(wildcards):
    """Every scored round of the compared runs."""
    return [
        f"results/{run.name}/round{stage}/eval.json"
        for run in compared_runs(wildcards)
        for stage in scored_rounds(run)
    ]


def finished_runs(wildcards):
    return [f"results/{run.name}/eval.json" for run in compared_runs(wildcards)]


rule table:
    input:
        rows=table_rows,
        finished=finished_runs,
    output:
        md="results/tables/{dataset}_{ratio}pct{rest}.md",
        csv="results/tables/{dataset}_{ratio}pct{rest}.csv",
    wildcard_constraints:
        rest=r"(-[a-z0-9.]+)*",
    log:
        "results/logs/table-{dataset}_{ratio}pct{rest}.log",
    conda:
        ENVIRONMENT
    localrule: True
    shell:
        "{TWIST} table --evaluations {input.rows} --out {output.md} --csv {output.csv} 2>&1 | tee {log}"
