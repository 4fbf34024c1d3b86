# Scans of one's own, without labels, from the folder that config/config.yaml names.


include: "scans_inputs.smk"


rule predict_scan:
    input:
        models=predicting_models,
        scan=own_scan,
    output:
        "results/{run}/scans/{scan}/instances.csv",
        "results/{run}/scans/{scan}/instances.ply",
        "results/{run}/scans/{scan}/predictions.npz",
        "results/{run}/scans/{scan}/scan.json",
        "results/{run}/scans/{scan}/viewer.html",
    log:
        "results/{run}/logs/scan-{scan}.log",
    benchmark:
        "results/{run}/benchmarks/scan-{scan}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        mem_mb=fixed_memory(16000),
        runtime=lambda wildcards: min(240 * predicted_passes(wildcards), MOST_MINUTES),
    params:
        override=override,
        settings=lambda wildcards: settings_of(run_of(wildcards)).of_own_scan(),
        models=lambda wildcards, input: " ".join(f"--model {m}" for m in input.models),
        device=device_of,
        unit=config["scans"]["unit"],
        up=config["scans"]["up"],
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist predict {input.scan:q} {params.models} --run {wildcards.run}"
        " --override {params.override:q} --unit {params.unit} --up={params.up} --device {params.device}"
        " --out {params.folder:q} 2>&1 | tee {log:q}"


rule predict_scans:
    input:
        found_in_own_scans,
    output:
        touch("results/{run}/scans/all.done"),
    localrule: True
