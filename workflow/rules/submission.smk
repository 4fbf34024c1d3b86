# Submissions to ScanNet's benchmark: of the scored scenes, to check the format and the score, and of the hidden
# test scenes, which only a submission prepares and predicts.


include: "submission_inputs.smk"


use rule predict as predict_hidden with:
    input:
        models=predicting_models,
        scenes=hidden_names,
        data=hidden_manifests,
    output:
        "results/{run}/test/predictions/shard{shard}.json",
    log:
        "results/{run}/logs/predict-test-shard{shard}.log",
    benchmark:
        "results/{run}/benchmarks/predict-test-shard{shard}.tsv"


rule submission:
    input:
        predictions=submitted_predictions,
        scenes=submitted_scenes,
    output:
        "results/{run}/submission-{part}.zip",
    log:
        "results/{run}/logs/submission-{part}.log",
    wildcard_constraints:
        part="val|test",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=fixed_memory(2000),
        runtime=60,
    params:
        override=override,
        folder=predictions_folder,
    shell:
        "python -m twist export-submission --run {wildcards.run} --override {params.override:q}"
        " --predictions {params.folder} --list {input.scenes:q} --out {output} 2>&1 | tee {log}"
