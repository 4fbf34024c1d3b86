"""What several runs need is planned once. Dry runs only."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.workflow.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("planned"))
    with (project.folder / "config/variants.yaml").open("a") as variants:
        variants.write("loose: {prediction: {min_score: 0.01}}\n")
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: Mine\n"
        "rows:\n"
        "  - {label: Sup-only, run: tiny_50pct-suponly, seeds: 2}\n"
        "  - {label: control, run: tiny_50pct-control, seeds: 2, rounds: all}\n"
        "  - {label: TWIST, run: tiny_50pct, seeds: 2, rounds: all, against: control}\n"
        "  - {label: plain, run: tiny_50pct, seeds: [1]}\n"
        "  - {label: strict, run: tiny_50pct-tau0.3, seeds: 1, against: TWIST}\n"
    )
    return project


def jobs(project: Project, *targets: str) -> dict[str, int]:
    counts = project.plan(*targets)
    return {rule: counts.get(rule, 0) for rule in ("train_start", "pseudo_labels", "train_round", "predict")}


def test_a_change_of_round_2_shares_round_1_and_its_score(project: Project) -> None:
    targets = ("results/tiny_50pct/eval.json", "results/tiny_50pct-tau0.3/eval.json")
    assert jobs(project, *targets) == {
        "train_start": 1, "pseudo_labels": 3, "train_round": 3, "predict": 3,
    }  # fmt: skip


def test_a_change_of_prediction_shares_all_models_and_no_score(project: Project) -> None:
    targets = ("results/tiny_50pct/eval.json", "results/tiny_50pct-loose/eval.json")
    assert jobs(project, *targets) == {
        "train_start": 1, "pseudo_labels": 2, "train_round": 2, "predict": 4,
    }  # fmt: skip


def test_a_change_of_pseudo_labels_shares_the_control(project: Project) -> None:
    targets = [f"results/tiny_50pct-control{change}/eval.json" for change in ("", "-even", "-paste")]
    assert jobs(project, *targets) == {
        "train_start": 1, "pseudo_labels": 0, "train_round": 2, "predict": 2 + 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("tiny_50pct/round0/model.pt", "with tiny_50pct-suponly: ask for results/tiny_50pct-suponly/"),
        ("tiny_50pct-tau0.3/round1/metrics.csv", "with tiny_50pct: ask for results/tiny_50pct/round1"),
        ("tiny_50pct-tau0.3/round1/eval.json", "shares round 1 with tiny_50pct"),
        ("tiny_50pct-loose/round2/model.pt", "shares round 2 with tiny_50pct"),
        ("tiny_50pct-plus-init1/round1/pseudolabels/shard0.json", "labels in results/tiny_50pct-plus/round1"),
        ("tiny_50pct/round1/pseudolabels/shard7.json", "shard0.json to shard0.json"),
        ("tiny_50pct/round1/predictions/shard7.json", "shard0.json to shard0.json"),
        ("tiny_50pct/round01/eval.json", "No rule to produce"),
        ("tiny_50pct/round1/predictions/shard00.json", "No rule to produce"),
    ],
)  # fmt: skip
def test_what_lies_elsewhere_is_not_made_twice(target: str, told: str, project: Project) -> None:
    command = project.command(f"results/{target}")
    command[1:1] = ["--dry-run"]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


def test_an_ensemble_trains_every_member_on_labels_made_once(project: Project) -> None:
    assert jobs(project, "results/tiny_50pct-plus/eval.json") == {
        "train_start": 3, "pseudo_labels": 2, "train_round": 6, "predict": 2,
    }  # fmt: skip


def test_an_ensemble_shares_its_starts_and_the_controls_models(project: Project) -> None:
    compared = [f"results/tiny_50pct{method}-plus/eval.json" for method in ("", "-suponly", "-control")]
    single = [f"results/tiny_50pct{method}/eval.json" for method in ("-suponly", "-control")]
    assert jobs(project, *compared, *single) == {
        "train_start": 3, "pseudo_labels": 2, "train_round": 12, "predict": 2 + 1 + 2 + 1 + 2,
    }  # fmt: skip


def test_an_ensembles_changes_share_what_they_can(project: Project) -> None:
    targets = [f"results/tiny_50pct-plus{change}/eval.json" for change in ("", "-views1", "-tau0.3")]
    assert jobs(project, *targets) == {
        "train_start": 3, "pseudo_labels": 3, "train_round": 9, "predict": 2 + 2 + 1,
    }  # fmt: skip


def test_every_training_of_an_ensemble_has_a_seed_of_its_own(project: Project) -> None:
    """Members that draw alike would be the same network three times."""
    command = project.command("results/tiny_50pct-plus/eval.json", "results/tiny_50pct-plus-seed1/eval.json")
    command[1:1] = ["--dry-run", "--printshellcmds"]
    told = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=True)
    seeds = re.findall(r"twist train .* --seed (\d+)", told.stdout + told.stderr)
    assert len(seeds) == len(set(seeds)) == 2 * (3 + 6)


def test_another_initialisation_is_a_run_of_its_own(project: Project) -> None:
    assert jobs(project, "results/tiny_50pct-init1/eval.json") == {
        "train_start": 1, "pseudo_labels": 2, "train_round": 2, "predict": 2,
    }  # fmt: skip


def test_a_member_of_an_ensemble_is_not_scored_alone(project: Project) -> None:
    done = project.attempt("results/tiny_50pct-plus-init1/eval.json")
    assert done.returncode == 1
    assert "3 that answer together: ask for tiny_50pct-plus" in done.stdout


def test_an_experiment_plans_what_its_runs_need_together(project: Project) -> None:
    plan = project.plan("results/experiments/mine.md")
    assert plan["experiment"] == 1
    assert plan["finish_run"] == 7
    assert plan["train_start"] == 2
    assert plan["train_round"] == 4 + 4 + 1
    assert plan["pseudo_labels"] == 4 + 1
    assert plan["predict"] == plan["evaluate"] == 2 + 4 + 4 + 1


def test_an_unknown_experiment_stops_with_a_message(project: Project) -> None:
    done = project.attempt("results/experiments/yours.md")
    assert done.returncode == 1
    assert "there is no experiment 'yours'" in done.stdout
    assert "known: dev_threshold, mine, " in done.stdout


def test_a_mistake_in_an_experiment_stops_with_a_message(project: Project) -> None:
    broken = project.folder / "config/experiments/broken.yaml"
    broken.write_text("title: x\nrows: [{label: a, run: tiny_50pct-seed1, seeds: 1}]\n")
    done = project.attempt("results/experiments/broken.md")
    broken.unlink()
    assert done.returncode == 1
    assert "broken.yaml: row 1: write tiny_50pct; `seeds` says which seeds are run" in done.stdout
