# What people look at: the paper's tables beside the runs that are there, plots, figure 7, and the pages of a
# report. Nothing here trains by itself, except where a picture of a run is asked for that is not there yet.


include: "showing_inputs.smk"


# Of the runs that have scores when Snakemake starts; it makes anew what it holds for outdated among them.
rule compare:
    input:
        rounds_of_paper_table,
    output:
        md="results/tables/{dataset}_{table}.md",
        csv=report(
            "results/tables/{dataset}_{table}.csv",
            caption="../report/compare_csv.rst",
            category="Tables",
            labels={"table": "{dataset}, {table}", "as": "CSV"},
        ),
        png=report(
            "results/tables/{dataset}_{table}.png",
            caption="../report/compare_plot.rst",
            category="Tables",
            labels={"table": "{dataset}, {table}", "as": "plot"},
        ),
        svg="results/tables/{dataset}_{table}.svg",
    log:
        "results/logs/compare-{dataset}-{table}.log",
    wildcard_constraints:
        table="|".join(TABLES),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        override=override,
        settings=data_setting("data.format", "selftraining.rounds"),
        stem=plot_stem,
    shell:
        "python -m twist compare --dataset {wildcards.dataset} --override {params.override:q}"
        " --table {wildcards.table} --results results --out {output.md} --csv {output.csv}"
        " --plot {params.stem} > {log} 2>&1"


rule page:
    input:
        "results/{page}.md",
    output:
        report(
            "results/{page}.html",
            caption="../report/page.rst",
            category=page_category,
            subcategory=page_subcategory,
            labels=page_labels,
        ),
    log:
        "results/logs/page/{page}.log",
    wildcard_constraints:
        page="(tables|experiments)/[^/]+|[^/]+/diagnosis",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "python -m twist page {input} --out {output} > {log} 2>&1"


rule losses:
    input:
        metrics_of_run,
    output:
        png=report(
            "results/{run}/plots/losses.png",
            caption="../report/losses.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "losses"},
        ),
        svg="results/{run}/plots/losses.svg",
    log:
        "results/{run}/logs/losses.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        stem=plot_stem,
    shell:
        "python -m twist losses --metrics {input} --plot {params.stem} > {log} 2>&1"


rule precision_recall:
    input:
        predictions=last_predictions,
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=scenes_of_run,
    output:
        png=report(
            "results/{run}/plots/precision_recall.png",
            caption="../report/precision_recall.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "precision and recall"},
        ),
        svg="results/{run}/plots/precision_recall.svg",
        csv="results/{run}/precision_recall.csv",
    log:
        "results/{run}/logs/precision-recall.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("evaluate"),
        runtime=60,
    params:
        override=override,
        run=run_of,
        folder=predictions_folder,
        stem=plot_stem,
    shell:
        "python -m twist precision-recall --run {wildcards.run} --override {params.override:q}"
        " --scenes results/data/{params.run.dataset}/scenes --list {input.scenes}"
        " --predictions {params.folder} --csv {output.csv} --plot {params.stem} > {log} 2>&1"


rule figure7:
    input:
        unpack(pseudo_labels_of_run),
        predictions=last_predictions,
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=scenes_of_run,
    output:
        report(
            "results/{run}/figure7.png",
            caption="../report/figure7.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "scenes (figure 7)"},
        ),
    log:
        "results/{run}/logs/figure7.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=fixed_memory(4000),
        runtime=30,
    params:
        override=override,
        run=run_of,
        shown=config["figure7"],
        folder=predictions_folder,
        strips=strip_arguments,
    shell:
        "python -m twist figure7 --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --list {input.scenes} --predictions {params.folder}"
        " --show {params.shown[scenes]} {params.strips} --out {output} > {log} 2>&1"


rule viewer:
    input:
        unpack(pseudo_labels_of_run),
        predictions=last_predictions,
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=scenes_of_run,
    output:
        report(
            "results/{run}/viewer.html",
            caption="../report/viewer.rst",
            category="Runs",
            subcategory="{run}",
            labels={"of": "scans in 3D"},
        ),
    log:
        "results/{run}/logs/viewer.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=fixed_memory(4000),
        runtime=30,
    params:
        override=override,
        settings=run_setting(
            "viewer.predicted_scenes", "viewer.unlabelled_scenes", "viewer.points_max"
        ),
        run=run_of,
        folder=predictions_folder,
        labels=label_arguments,
    shell:
        "python -m twist viewer --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --scenes {input.scenes}"
        " --predictions {params.folder} {params.labels} --out {output} 2>&1 | tee {log}"
