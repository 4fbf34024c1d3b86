# How good the pseudo-labels of each round were, against annotations that no training reads. Asked for by name,
# results/{run}/diagnosis.md; no score waits for it.


include: "diagnosis_inputs.smk"


rule diagnose:
    input:
        labels=diagnosed_labels,
        unlabelled=lambda wildcards: split_of(run_of(wildcards), "unlabelled"),
        data=scenes_of_run,
    output:
        quality="results/{run}/round{round}/pseudo_quality.csv",
        calibration="results/{run}/round{round}/calibration.csv",
    log:
        "results/{run}/logs/diagnose-round{round}.log",
    benchmark:
        "results/{run}/benchmarks/diagnose-round{round}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("diagnose"),
        runtime=minutes("diagnose", training_scans),
    params:
        version=SCORING_VERSION,
        override=override,
        settings=run_setting("recorrection.iou_background", "recorrection.iou_certain"),
        run=run_of,
        folder=lambda wildcards: labels_folder(run_of(wildcards), wildcards.round),
    shell:
        "python -m twist diagnose --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --scenes {input.unlabelled}"
        " --pseudo-labels {params.folder} --round {wildcards.round}"
        " --out {output.quality} --calibration {output.calibration} 2>&1 | tee {log}"


rule diagnosis:
    input:
        quality=diagnosed_rounds("pseudo_quality.csv"),
        calibration=diagnosed_rounds("calibration.csv"),
        losses="results/{run}/plots/losses.png",
    output:
        page="results/{run}/diagnosis.md",
        table="results/{run}/diagnosis.csv",
        rounds=report(
            "results/{run}/plots/rounds.png",
            caption="../report/diagnosis.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "pseudo-labels: rounds"},
        ),
        classes=report(
            "results/{run}/plots/classes.png",
            caption="../report/diagnosis.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "pseudo-labels: classes"},
        ),
        reliability=report(
            "results/{run}/plots/reliability.png",
            caption="../report/diagnosis.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "pseudo-labels: certainty"},
        ),
        svg=collect(
            "results/{{run}}/plots/{name}.svg",
            name=["rounds", "classes", "reliability"],
        ),
    log:
        "results/{run}/logs/diagnosis.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        folder=subpath(output.page, parent=True),
    shell:
        "python -m twist diagnosis --run {wildcards.run} --quality {input.quality}"
        " --calibration {input.calibration} --losses plots/losses.png --out-dir {params.folder} > {log} 2>&1"
