# Every round of every run is predicted and scored the same way.


rule predict:
    input:
        models=scored_models,
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=scenes_of_run,
    output:
        "results/{run}/round{round}/predictions/shard{shard}.json",
    log:
        "results/{run}/logs/predict-round{round}-shard{shard}.log",
    benchmark:
        "results/{run}/benchmarks/predict-round{round}-shard{shard}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        mem_mb=memory("infer"),
        runtime=minutes("infer", scans_of_prediction),
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_prediction(),
        run=run_of,
        shards=shards_of,
        device=device_of,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist predict-scenes --run {wildcards.run} --override {params.override:q}"
        " --model {input.models}"
        " --data results/data/{params.run.dataset} --scenes {input.scenes:q}"
        " --shard {wildcards.shard}/{params.shards} --device {params.device}"
        " --out-dir {params.folder} --manifest {output} 2>&1 | tee {log}"


rule evaluate:
    input:
        predictions=predictions_of_round,
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
    output:
        "results/{run}/round{round}/eval.json",
    log:
        "results/{run}/logs/evaluate-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/evaluate-round{round}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("evaluate"),
        runtime=minutes("evaluate", scored_scans),
    params:
        version=SCORING_VERSION,
        override=override,
        run=run_of,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist evaluate --run {wildcards.run} --override {params.override:q}"
        " --scenes results/data/{params.run.dataset}/scenes --list {input.scenes}"
        " --predictions {params.folder}/predictions --predicted {input.predictions}"
        " --round {wildcards.round} --out {output} > {log} 2>&1"


rule finish_run:
    input:
        evaluations=scores_of_run,
        metrics=metrics_of_run,
    output:
        evaluation="results/{run}/eval.json",
        rounds="results/{run}/rounds.json",
        metrics="results/{run}/metrics.csv",
        settings="results/{run}/settings.yaml",
    log:
        "results/{run}/logs/finish.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).canonical_json(),
    shell:
        "python -m twist finish --evaluations {input.evaluations} --metrics {input.metrics}"
        " --out {output.evaluation} --rounds-out {output.rounds}"
        " --metrics-out {output.metrics} --settings-out {output.settings}"
        " --run {wildcards.run} --override {params.override:q} > {log} 2>&1"


rule table:
    input:
        compared_rounds,
    output:
        md="results/tables/{dataset}_{ratio}pct{rest}.md",
        csv=report(
            "results/tables/{dataset}_{ratio}pct{rest}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{dataset}, {ratio}pct{rest}", "as": "CSV"},
        ),
    log:
        "results/logs/table-{dataset}_{ratio}pct{rest}.log",
    wildcard_constraints:
        rest=r"(-[a-z0-9.]+)*",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "python -m twist table --evaluations {input} --out {output.md} --csv {output.csv} 2>&1 | tee {log}"
