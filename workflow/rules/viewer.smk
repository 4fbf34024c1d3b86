# The 3D page of a run, asked for by name: results/{run}/viewer.html. No score waits for it.


include: "viewer_inputs.smk"


rule viewer:
    input:
        unpack(viewer_inputs),
        scenes=lambda wildcards: split_of(run_of(wildcards), "val"),
        data=scenes_of_run,
    output:
        "results/{run}/viewer.html",
    log:
        "results/{run}/logs/viewer.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        override=override,
        settings=run_setting(
            "viewer.predicted_scenes", "viewer.unlabelled_scenes", "viewer.points_max"
        ),
        run=run_of,
        arguments=viewer_arguments,
        folder=lambda wildcards, input: Path(input.predictions).with_suffix(""),
    shell:
        "python -m twist viewer --run {wildcards.run} --override {params.override:q}"
        " --data results/data/{params.run.dataset} --scenes {input.scenes}"
        " --predictions {params.folder} {params.arguments} --out {output} 2>&1 | tee {log}"
