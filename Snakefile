# TWIST: self-training for semi-supervised 3D instance segmentation.
#
#   snakemake --cores 8 results/scannet_5pct/eval.json
#
# results/{dataset}_{ratio}pct{variant}/eval.json is a run's score; README.md explains the names.
# The self-training loop is this DAG: round r's labels need round r-1's model. All work is done by
# `python -m twist VERB`; rules hold files, settings and resources.

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

sys.path.insert(0, str(workflow.basedir))

from twist.planned import config_folder

# A Snakemake that runs a job for another one, as on Slurm, reads what that one planned with.
CONFIG = Path("config") if workflow.is_main_process else config_folder()


configfile: f"{CONFIG}/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/pretraining.smk"
include: "workflow/rules/selftraining.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/scans.smk"
include: "workflow/rules/submission.smk"
include: "workflow/rules/diagnosis.smk"
include: "workflow/rules/experiments.smk"
include: "workflow/rules/showing.smk"


onstart:
    refuse_edited_plan()
    with sole_run() as sole:
        if sole:
            cancel_orphans(Path.cwd())


rule all:
    default_target: True
    input:
        "results/tables/rooms_5pct.md",
