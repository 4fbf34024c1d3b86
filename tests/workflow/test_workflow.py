"""The workflow on the tiny data set: whole, killed and resumed, repeated, and changed."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch

from tests.workflow.project import SETTINGS, Project, assert_same_results
from twist.files import file_sha256

RUN = "results/tiny_50pct"
START = "results/tiny_50pct-suponly/round0"
TARGET = f"{RUN}/eval.json"
TABLE = "results/tables/tiny_50pct.md"


def test_a_run_leaves_scores_metrics_and_a_table(finished: Project) -> None:
    record = json.loads((finished.folder / TARGET).read_text())
    assert {key: record[key] for key in ("dataset", "ratio_pct", "method", "seed", "rounds", "scenes")} == {
        "dataset": "tiny", "ratio_pct": 50.0, "method": "twist", "seed": 0, "rounds": 2, "scenes": 2,
    }  # fmt: skip
    assert 0 <= record["mAP"] <= record["AP50"] <= record["AP25"] <= 100
    assert len(record["classes"]) == 18
    assert record["provenance"]["versions"]["torch"] == torch.__version__
    (trained_with,) = record["provenance"]["trained_with"]
    assert (trained_with["device"], trained_with["versions"]) == ("cpu", record["provenance"]["versions"])
    assert record == json.loads((finished.folder / RUN / "round2/eval.json").read_text())
    rows = list(csv.DictReader((finished.folder / RUN / "metrics.csv").open()))
    assert {row["round"] for row in rows} == {"0", "1", "2"}
    assert [row["step"] for row in rows if row["round"] == "1"] == [str(step) for step in range(5, 45, 5)]
    table = (finished.folder / TABLE).read_text()
    assert [line.split("|")[1].strip() for line in table.splitlines()[4:]] == [
        "Sup-only", *["label-only control"] * 2, *["TWIST"] * 2,
    ]  # fmt: skip


def test_prepared_data_keeps_the_promised_form(finished: Project) -> None:
    import numpy as np

    data = finished.folder / "results/data/tiny"
    lists = {name: (data / f"splits/50pct-seed0/{name}.txt").read_text().split() for name in
             ("labelled", "unlabelled", "val")}  # fmt: skip
    assert [len(lists[name]) for name in ("labelled", "unlabelled", "val")] == [2, 2, 2]
    assert len(set().union(*lists.values())) == 6
    for scene in lists["val"]:
        with (
            np.load(data / f"scenes/{scene}.npz") as arrays,
            np.load(data / f"supervoxels/{scene}.npz") as pieces,
        ):
            points = len(arrays["xyz"])
            assert arrays["xyz"].dtype == np.float32
            assert arrays["semantic"].min() >= -1
            assert arrays["semantic"].max() < 20
            assert arrays["instance"].shape == pieces["supervoxel"].shape == (points,)
            assert set(np.unique(pieces["supervoxel"])) == set(range(pieces["supervoxel"].max() + 1))


def test_killed_runs_go_on_and_end_the_same(finished: Project, tmp_path: Path) -> None:
    """kill -9 of the trainer, of snakemake and of the whole group, each followed by the same command.

    Before the first, that command is refused beside the run that lives.
    """
    project = Project(tmp_path / "killed")
    shutil.copytree(finished.folder / "results/data", project.folder / "results/data")
    process, log = project.start(TARGET), f"{START}/work/log.txt"
    project.wait_for(process, log, "step 5/")
    os.kill(project.trainer(log), signal.SIGSTOP)
    second = project.attempt(TARGET)
    assert (second.returncode, "LockException" in second.stdout) == (1, True), second.stdout
    os.kill(project.trainer(log), signal.SIGCONT)
    project.kill_at(process, log, "step 10/", "group")
    for log, text, what in (
        (f"{RUN}/round1/work/log.txt", "step 10/", "trainer"),
        (f"{RUN}/round1/work/log.txt", "step 25/", "snakemake"),
        (f"{RUN}/round2/work/log.txt", "step 15/", "group"),
    ):
        project.kill_at(project.start(TARGET), log, text, what)
    project.run(TARGET)
    resumed = (project.folder / RUN / "round2/work/log.txt").read_text()
    assert "goes on from the saved step" in resumed
    stages = ("tiny_50pct-suponly/round0", "tiny_50pct/round1", "tiny_50pct/round2")
    assert_same_results(finished, project, TARGET, *stages)


def test_a_finished_target_plans_nothing(finished: Project) -> None:
    assert finished.plan(TABLE) == {}


def changed(**sections: dict) -> dict:
    return {key: SETTINGS.get(key, {}) | sections.get(key, {}) for key in SETTINGS.keys() | sections.keys()}


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        # speed and comfort: nothing
        (changed(training={"workers": 1}), set()),
        # scoring alone
        (changed(prediction={"min_score": 0.5}), {"predict", "evaluate", "finish_run"}),
        # Ψ's loss: the rounds, not the start
        (
            changed(recorrection={"alpha": 2.0}),
            {"train_round", "pseudo_labels", "predict", "evaluate", "finish_run"},
        ),
    ],
)
def test_a_changed_setting_reruns_what_depends_on_it(
    finished: Project, settings: dict, rules: set[str]
) -> None:
    assert finished.plan(TARGET, settings=settings).keys() == rules


def test_other_scans_and_other_jobs_repeat_no_training(finished: Project, tmp_path: Path) -> None:
    """A scored scan prepared anew, and labelling divided otherwise: planned again and found done."""
    project = Project(tmp_path / "again")
    shutil.copytree(finished.folder / "results", project.folder / "results", dirs_exist_ok=True)
    shutil.copytree(finished.folder / ".snakemake", project.folder / ".snakemake", dirs_exist_ok=True)
    data = project.folder / "results/data/tiny"
    scan = (data / "splits/50pct-seed0/val.txt").read_text().split()[0]
    facts = data / f"raw/scans/{scan}/{scan}.txt"
    facts.write_text(facts.read_text().replace(" 0.000000 ", " 0.000001 ", 1))
    for manifest in (data / "generated").glob("*.json"):
        manifest.write_text(
            json.dumps(json.loads(manifest.read_text()))
        )  # other bytes: the generator ran again

    def models() -> dict[Path, str]:
        return {
            path: file_sha256(path) for path in project.folder.glob("results/tiny_50pct*/round*/model.pt")
        }

    def steps() -> int:
        logs = project.folder.glob("results/tiny_50pct*/round*/work/log.txt")
        return sum(log.read_text().count("| step ") for log in logs)

    before, trained = models(), steps()
    assert (len(before), trained > 0) == (5, True)
    again = changed(data={"inference_shards": 2})
    assert project.plan(TABLE, settings=again).keys() >= {
        "prepare",
        "train_start",
        "train_round",
        "pseudo_labels",
    }
    project.run(TABLE, settings=again)
    assert (models(), steps()) == (before, trained)
    assert project.plan(TABLE, settings=again) == {}


def test_labels_of_round_1_do_not_depend_on_the_certainty_threshold(finished: Project) -> None:
    plan = finished.plan(TARGET, settings=changed(pseudolabels={"certainty_threshold": [0.7]}))
    assert (plan["pseudo_labels"], plan["train_round"]) == (1, 1)


def test_more_rounds_plan_only_the_new_ones(finished: Project) -> None:
    plan = finished.plan(TARGET, settings=changed(selftraining={"rounds": 3}))
    assert (plan["pseudo_labels"], plan["train_round"], plan["predict"]) == (1, 1, 1)
    assert "train_start" not in plan


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("results/scannet_5pct/eval.json", {}, "the raw data folder data/scannet does not exist"),
        ("results/s3dis_5pct/eval.json", {}, "the raw data folder data/s3dis does not exist"),
        ("results/tiny_50pct-sedan/eval.json", {}, "unknown modifier -sedan"),
        ("results/tiny_10pct/eval.json", {}, "10 % of 4 training scenes is less than one scene"),
        ("results/tiny_90pct/eval.json", {}, "all 4 training scenes are labelled, and none is left"),
        ("results/tiny_100pct/eval.json", {}, "at 100 % no scene is left to label"),
        ("results/nowhere_5pct/eval.json", {}, "there is no data set 'nowhere'"),
        ("results/tiny_50pct-seed1-control/eval.json", {}, "is written 'tiny_50pct-control-seed1'"),
        ("results/tiny_50pct/eval.json", {"training": {"iterationz": 3}}, "training.iterationz is unknown"),
        ("results/tiny_50pct/eval.json", {"training": {"iterations": "many"}}, "must be int, not 'many'"),
    ],
)
def test_mistakes_stop_at_once_with_a_message(
    tmp_path: Path, target: str, settings: dict, message: str
) -> None:
    done = Project(tmp_path / "mistaken").attempt(target, settings=settings)
    assert done.returncode == 1
    assert message in done.stdout


def test_a_failing_verb_is_a_failed_job(tmp_path: Path) -> None:
    """The pipe into the log must not swallow the exit code."""
    project = Project(tmp_path / "failing")
    (project.folder / "results/data/tiny").mkdir(parents=True)
    (project.folder / "results/data/tiny/raw").write_text("a file where a folder must be")
    done = project.attempt("results/data/tiny/prepared/000.json")
    assert done.returncode == 1
    assert "Error in rule rooms" in done.stdout
    assert "completed successfully" not in done.stdout
