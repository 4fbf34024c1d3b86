# Tables over many runs: config/experiments/NAME.yaml names the rows.


rule experiment:
    input:
        rows="config/experiments/{name}.yaml",
        rounds=rounds_of_experiment,
    output:
        md="results/experiments/{name}.md",
        csv=report(
            "results/experiments/{name}.csv",
            caption="../report/experiment.rst",
            category="Tables",
            labels={"table": "{name}", "as": "CSV"},
        ),
    log:
        "results/logs/experiment-{name}.log",
    wildcard_constraints:
        name=r"[A-Za-z0-9_.-]+",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "python -m twist experiment --experiment {input.rows} --results results"
        " --out {output.md} --csv {output.csv} 2>&1 | tee {log}"


# How good the pseudo-labels of the rows were, against annotations that no training reads.
rule experiment_labels:
    input:
        rows="config/experiments/{name}.yaml",
        diagnoses=diagnoses_of_experiment,
    output:
        md="results/experiments/{name}/labels.md",
        csv=report(
            "results/experiments/{name}/labels.csv",
            caption="../report/experiment_labels.rst",
            category="Tables",
            labels={"table": "{name}, pseudo-labels", "as": "CSV"},
        ),
    log:
        "results/logs/experiment-labels-{name}.log",
    wildcard_constraints:
        name=r"[A-Za-z0-9_.-]+",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "python -m twist experiment-labels --experiment {input.rows} --results results"
        " --out {output.md} --csv {output.csv} 2>&1 | tee {log}"
