# From raw scans to prepared scenes, supervoxels and lists of labelled scenes. Jobs take a chunk of scenes,
# because starting Python costs more than preparing one; their output is a manifest with a hash of each scene's
# file. A killed job keeps the scenes that it finished.


include: "data_inputs.smk"


rule rooms:
    output:
        "results/data/{dataset}/generated/{chunk}.json",
    log:
        "results/data/{dataset}/logs/rooms-{chunk}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/rooms-{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("rooms"),
        runtime=minutes("rooms", chunk_size),
    params:
        settings=data_setting("rooms", "data.format"),
        data=lambda wildcards: data_settings(wildcards.dataset),
        sizes=generated_sizes,
        generator=GENERATOR_VERSION,
        scenes=scenes_of_chunk,
    shell:
        "python -m twist rooms --out {params.data.data.raw:q} --format {params.data.data.format}"
        " {params.sizes} --seed {params.data.rooms.seed} --vertices {params.data.rooms.vertices}"
        " --scene {params.scenes:q} --manifest {output} 2>&1 | tee {log}"


# A gate that opens once: for a download it has neither input nor tracked parameters, because whatever makes it
# run again would hide from Snakemake that a setting of a rule behind it has changed. Again by hand: twist check.
# The page, check.md beside the output, is not declared: Snakemake would delete it where there are problems to read.
rule check_data:
    input:
        generated_scans,
    output:
        "results/data/{dataset}/check.json",
    log:
        "results/data/{dataset}/logs/check.log",
    benchmark:
        "results/data/{dataset}/benchmarks/check.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=memory("check"),
        runtime=minutes("check", all_scans),
    params:
        override=override,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist check {wildcards.dataset} --override {params.override:q} --jobs {threads}"
        " --out-dir {params.folder} 2>&1 | tee {log}"


rule prepare:
    input:
        raw_files,
        check=ancient(check_of),
    output:
        "results/data/{dataset}/prepared/{chunk}.json",
    log:
        "results/data/{dataset}/logs/prepare-{chunk}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/prepare-{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("prepare"),
        runtime=minutes("prepare", chunk_size),
    params:
        version=PREPARATION_VERSION,
        settings=data_setting("data.format"),
        state=raw_state,
        data=lambda wildcards: data_settings(wildcards.dataset).data,
        scenes=scenes_of_chunk,
    shell:
        "python -m twist prepare --dataset {wildcards.dataset} --format {params.data.format} --raw {params.data.raw:q}"
        " --scenes {params.scenes:q} --out-dir results/data/{wildcards.dataset}/scenes --manifest {output}"
        " 2>&1 | tee {log}"


rule supervoxels:
    input:
        "results/data/{dataset}/prepared/{chunk}.json",
    output:
        "results/data/{dataset}/supervoxels/{chunk}.json",
    log:
        "results/data/{dataset}/logs/supervoxels-{chunk}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/supervoxels-{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory("supervoxels"),
        runtime=minutes("supervoxels", chunk_size),
    params:
        version=PREPARATION_VERSION,
        settings=data_setting("supervoxels"),
        all=lambda wildcards: data_settings(wildcards.dataset),
        scenes=scenes_of_chunk,
    shell:
        "python -m twist supervoxels --format {params.all.data.format} --raw {params.all.data.raw:q}"
        " --source {params.all.supervoxels.source} --k {params.all.supervoxels.k}"
        " --min-vertices {params.all.supervoxels.min_vertices}"
        " --neighbours {params.all.supervoxels.neighbours} --scenes {params.scenes:q}"
        " --scene-dir results/data/{wildcards.dataset}/scenes"
        " --out-dir results/data/{wildcards.dataset}/supervoxels --manifest {output} 2>&1 | tee {log}"


rule collect_data:
    input:
        prepared=lambda wildcards: manifests(wildcards.dataset, "prepared"),
        supervoxels=lambda wildcards: manifests(wildcards.dataset, "supervoxels"),
    output:
        "results/data/{dataset}/scenes.json",
    log:
        "results/data/{dataset}/logs/collect.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "python -m twist collect --prepared {input.prepared} --supervoxels {input.supervoxels} --out {output}"
        " 2>&1 | tee {log}"


rule splits:
    input:
        scenes="results/data/{dataset}/scenes.json",
        lists=list_files,
    output:
        collect(
            "results/data/{{dataset}}/splits/{{ratio}}pct-seed{{seed}}/{part}.txt",
            part=["labelled", "unlabelled", "val"],
        ),
    log:
        "results/data/{dataset}/logs/splits-{ratio}pct-seed{seed}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        override=override,
        settings=data_setting(
            "data.format",
            "data.lists_folder",
            "data.train_list",
            "data.val_list",
            "data.label_lists",
            "data.own_lists",
        ),
        state=lambda wildcards: state_of(list_files(wildcards)),
        raw=raw_folder,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m twist splits --dataset {wildcards.dataset} --override {params.override:q}"
        " --raw {params.raw:q} --scenes {input.scenes}"
        " --ratio {wildcards.ratio} --seed {wildcards.seed} --out-dir {params.folder} 2>&1 | tee {log}"
