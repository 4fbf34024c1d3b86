# Contrastive pre-training of the backbone, once a data set and method, for all its runs, ratios and seeds. Asked for
# by runs with -pc or -csc. It reads training scans alone.


include: "pretraining_inputs.smk"


rule views:
    input:
        "results/data/{dataset}/prepared/{chunk}.json",
    output:
        "results/data/{dataset}/pretrain/views/{chunk}.json",
    log:
        "results/data/{dataset}/logs/views-{chunk}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/views-{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("views"),
        runtime=minutes("views", chunk_size),
    params:
        override=override,
        version=VIEWS_VERSION,
        settings=views_settings,
        raw=raw_folder,
        scans=training_scans_of_chunk,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist views --dataset {wildcards.dataset} --override {params.override:q}"
        " --scene-dir results/data/{wildcards.dataset}/scenes --scenes {params.scans:q} --raw {params.raw:q}"
        " --out-dir {params.folder} --manifest {output} 2>&1 | tee {log}"


rule pretrain:
    input:
        views=view_manifests,
        data="results/data/{dataset}/scenes.json",
    output:
        model="results/data/{dataset}/pretrain/{method}/model.pt",
        metrics="results/data/{dataset}/pretrain/{method}/metrics.csv",
    log:
        "results/data/{dataset}/logs/pretrain-{method}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/pretrain-{method}.tsv"
    wildcard_constraints:
        method="pc|csc",
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        cpus_per_task=pretraining_cores,
        mem_mb=pretraining_memory,
        runtime=pretraining_minutes,
    params:
        override=override,
        settings=pretraining_setting,
        device=device_of,
        work=subpath(output.model, parent=True),
    shell:
        "python -m twist pretrain --dataset {wildcards.dataset} --override {params.override:q}"
        " --method {wildcards.method} --data results/data/{wildcards.dataset} --views {input.views}"
        " --scenes {input.data} --device {params.device} --name '{wildcards.dataset} {wildcards.method}'"
        " --work {params.work}/work --out {output.model} 2>&1 | tee {log}"
