"""What jobs ask of a cluster follows from data set and settings. Dry runs only."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict

import pytest

from tests.raw_scans import write_stub_download
from tests.workflow.project import Project

JOB = re.compile(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", re.MULTILINE)


def asked(project: Project, target: str, settings: dict | None = None) -> dict[str, list[dict[str, int]]]:
    """Each rule's resources, one entry a job, as a dry run on a machine with two GPUs prints them."""
    command = project.command(target, settings=settings or {})
    command[command.index("gpu=0")] = "gpu=2"
    command.insert(1, "--dry-run")
    answer = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=True)
    jobs = defaultdict(list)
    for rule, resources in JOB.findall(answer.stdout):
        words = (word.split("=") for word in resources.split(", "))
        jobs[rule].append({key: int(value) for key, value in words if value.isdigit()})
    return jobs


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("asked"))
    write_stub_download(project.folder / "data/scannet", 1201, 312, 60)
    return project


@pytest.fixture(scope="module")
def tiny(project: Project) -> dict[str, list[dict[str, int]]]:
    return asked(project, "results/tiny_50pct/eval.json")


def test_only_what_computes_on_a_gpu_holds_one(tiny: dict[str, list[dict[str, int]]]) -> None:
    holders = {rule for rule, (first, *_) in tiny.items() if first.get("gpu")}
    assert holders == {"train_start", "train_round", "pseudo_labels", "predict"}
    assert {"rooms", "prepare", "supervoxels", "evaluate"} < tiny.keys()


def test_larger_scans_and_networks_ask_for_more(
    project: Project, tiny: dict[str, list[dict[str, int]]]
) -> None:
    scannet = asked(project, "results/scannet_5pct/eval.json", {"data": {"own_lists": True}})
    assert len(scannet["pseudo_labels"]) == len(scannet["predict"]) == 20  # five rounds in four shards
    for rule in ("train_start", "train_round", "pseudo_labels", "predict", "supervoxels"):
        assert scannet[rule][0]["mem_mb"] > tiny[rule][0]["mem_mb"], rule
        assert scannet[rule][0]["runtime"] > tiny[rule][0]["runtime"], rule
    assert scannet["prepare"][0]["mem_mb"] > tiny["prepare"][0]["mem_mb"]
    assert scannet["train_round"][0]["cpus_per_task"] == 7
    assert tiny["train_round"][0]["cpus_per_task"] == 1
    assert scannet["train_start"][0]["runtime"] == 1440  # a day is the most that is asked for


def test_settings_that_cost_ask_for_more(project: Project) -> None:
    plain = asked(project, "results/rooms_5pct/eval.json")
    costly = {
        "data": {"inference_shards": 2},
        "training": {"workers": 3, "cache_gb": 4.0},
        "selftraining": {"iterations": 3000},
        "pseudolabels": {"views": 40},
    }
    dear = asked(project, "results/rooms_5pct/eval.json", costly)
    assert dear["train_start"][0]["mem_mb"] == 3000 + 4 * 4096
    assert dear["train_start"][0]["runtime"] == plain["train_start"][0]["runtime"]
    assert dear["train_round"][0]["runtime"] > plain["train_round"][0]["runtime"]
    assert dear["pseudo_labels"][0]["runtime"] > plain["pseudo_labels"][0]["runtime"]
    assert (len(dear["predict"]), len(plain["predict"])) == (10, 5)


def test_models_that_answer_together_take_longer(project: Project) -> None:
    plain = asked(project, "results/rooms_5pct/eval.json")
    dear = asked(project, "results/rooms_5pct-plus/eval.json")
    for rule in ("pseudo_labels", "predict"):
        assert dear[rule][0]["runtime"] > plain[rule][0]["runtime"], rule


def test_full_supervision_trains_longer(project: Project) -> None:
    few, more, full = (
        asked(project, f"results/rooms_{ratio}pct-suponly/eval.json") for ratio in (5, 10, 100)
    )
    minutes = [plan["train_start"][0]["runtime"] for plan in (few, more, full)]
    assert minutes == sorted(set(minutes))
