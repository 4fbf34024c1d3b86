"""Runs: the grammar of their names, what they share, and the settings that they stand for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist.checking import read_yaml
from twist.errors import TwistError
from twist.runs import Run, add_settings_arguments, chosen_settings, dataset_settings, settings_of

CONFIG = Path(__file__).parents[1] / "config"
VARIANTS = read_yaml(CONFIG / "variants.yaml")


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("rooms_5pct", Run("rooms", "5")),
        ("rooms-large_0.5pct", Run("rooms-large", "0.5")),
        ("scannet_100pct-suponly", Run("scannet", "100", "suponly")),
        ("s3dis_10pct-control-alpha0.1-seed3", Run("s3dis", "10", "control", ("alpha0.1",), 3)),
        ("rooms_20pct-anew-tau0.7-seed12", Run("rooms", "20", "twist", ("anew", "tau0.7"), 12)),
    ],
)
def test_names_and_runs_are_the_same(name: str, run: Run) -> None:
    assert Run.parse(name) == run
    assert run.name == name


@given(
    st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)?", fullmatch=True),
    st.sampled_from(["1", "5", "10", "12.5", "0.25", "99.5"]),
    st.sampled_from(["twist", "suponly", "control"]),
    st.lists(st.sampled_from(["tau0.7", "alpha2", "anew", "my.own"]), unique=True),
    st.integers(0, 40),
)
def test_every_run_is_parsed_from_its_name(
    dataset: str, ratio: str, method: str, changes: list[str], seed: int
) -> None:
    run = Run(dataset, ratio, method, tuple(sorted(changes)), seed)
    assert Run.parse(run.name) == run


@pytest.mark.parametrize(
    "name", ["", "rooms", "rooms_5", "rooms_pct", "rooms_5pct_seed1", "Rooms_5pct", "rooms_5pct-", "a/b_5pct",
             "rooms_-5pct", "rooms_5.pct", "rooms_5pct-seed1 "]
)  # fmt: skip
def test_what_is_no_name_is_told_what_names_look_like(name: str) -> None:
    with pytest.raises(TwistError, match=r"names look like rooms_5pct|unknown modifier"):
        Run.parse(name).resolve(CONFIG, {})


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("rooms_5pct-seed1-control", "rooms_5pct-control-seed1"),
        ("rooms_5pct-tau0.7-suponly", "rooms_5pct-suponly-tau0.7"),
        ("rooms_5pct-seed1-tau0.7", "rooms_5pct-tau0.7-seed1"),
        ("rooms_5pct-seed0", "rooms_5pct"),
        ("rooms_5pct-seed01", "rooms_5pct-seed1"),
        ("rooms_5pct-suponly-control", "rooms_5pct-control"),
        ("rooms_05pct", "5pct"),
        ("rooms_5.0pct", "5pct"),
        ("rooms_0.50pct", "0.5pct"),
    ],
)
def test_another_spelling_is_refused_because_a_run_has_one_folder(name: str, canonical: str) -> None:
    with pytest.raises(TwistError, match=rf"\b{canonical}\b.*one folder"):
        Run.parse(name)


@pytest.mark.parametrize("ratio", ["0", "101", "100.5", "1000"])
def test_a_ratio_is_above_0_and_at_most_100(ratio: str) -> None:
    with pytest.raises(TwistError, match=f"a label ratio of {ratio} % is not between 0 and 100"):
        Run.parse(f"rooms_{ratio}pct")


# --- what runs share -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("rooms_5pct", "rooms_5pct-suponly"),
        ("rooms_5pct-control", "rooms_5pct-suponly"),
        ("rooms_5pct-suponly", "rooms_5pct-suponly"),
        ("rooms_5pct-alpha2-anew-tau0.7-tauup", "rooms_5pct-suponly"),
        ("rooms_5pct-seed2", "rooms_5pct-suponly-seed2"),
        ("rooms_10pct", "rooms_10pct-suponly"),
        ("rooms_5pct-tau0.7-wide", "rooms_5pct-suponly-wide"),
    ],
)
def test_runs_that_differ_only_later_share_their_start(name: str, start: str) -> None:
    variants = VARIANTS | {"wide": {"network": {"stem_channels": 64}, "proposals": {"radius_m": 0.1}}}
    assert Run.parse(name).start(variants).name == start


@pytest.mark.parametrize("name", ["rooms_5pct-alpha2-tau0.7", "rooms_5pct-anew", "rooms_5pct-taudown"])
def test_a_shared_start_is_trained_with_the_same_settings(name: str) -> None:
    run = Run.parse(name)
    own, start = (each.resolve(CONFIG, {}) for each in (run, run.start(VARIANTS)))
    assert own != start
    assert own.of_start_training() == start.of_start_training()


# --- settings ------------------------------------------------------------------------------------


def test_modifiers_change_their_setting_alone() -> None:
    plain = Run.parse("rooms_5pct").resolve(CONFIG, {})
    changed = Run.parse("rooms_5pct-alpha0.1-tau0.7-seed4").resolve(CONFIG, {})
    assert changed.pseudolabels.certainty_threshold == (0.7,)
    assert changed.recorrection.alpha == 0.1
    assert (changed.network, changed.training, changed.proposals) == (
        plain.network, plain.training, plain.proposals,
    )  # fmt: skip


def test_presets_data_sets_overrides_and_modifiers_come_in_that_order(tmp_path: Path) -> None:
    for folder in ("datasets", "presets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "presets" / "mine.yaml").write_text(
        "training: {warmup: 1, iterations: 1, learning_rate: 1}\n"
    )
    (tmp_path / "datasets" / "own.yaml").write_text("preset: mine\ntraining: {warmup: 2, iterations: 2}\n")
    (tmp_path / "variants.yaml").write_text("longer: {training: {iterations: 4}}\n")
    overrides = {"training": {"iterations": 3}}
    found = Run.parse("own_5pct").resolve(tmp_path, overrides).training
    assert (found.learning_rate, found.warmup, found.iterations) == (1, 2, 3)
    assert Run.parse("own_5pct-longer").resolve(tmp_path, overrides).training.iterations == 4
    assert dataset_settings("own", tmp_path, overrides).training == found


def test_a_data_set_without_a_preset_takes_the_papers(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "own.yaml").write_text("data: {raw: here}\n")
    with pytest.raises(TwistError, match=r"own\.yaml: there is no preset 'paper'"):
        dataset_settings("own", tmp_path, {})


def test_an_unknown_data_set_is_told_the_known_ones() -> None:
    with pytest.raises(TwistError, match=r"no data set 'room' .*known: .*rooms, .*tiny"):
        Run.parse("room_5pct").resolve(CONFIG, {})


def test_an_unknown_modifier_is_told_the_known_ones() -> None:
    known = r"-suponly, -control, -seed1, -tau0\.5, -alpha0\.5, .*-tauup"
    for name in ("rooms_5pct-fast", "rooms_5pct-beta0.5", "rooms_5pct-tau", "rooms_5pct-twist"):
        with pytest.raises(TwistError, match=rf"unknown modifier -.*; there are {known}"):
            Run.parse(name).resolve(CONFIG, {})


@pytest.mark.parametrize("name", ["rooms_5pct-tau1.5", "rooms_5pct-tau2"])
def test_a_modifiers_value_is_checked(name: str) -> None:
    with pytest.raises(TwistError, match=r"-tau.*certainty_threshold must be at most 1"):
        Run.parse(name).resolve(CONFIG, {})


@pytest.mark.parametrize("variant", [3, None, {"supervoxels": {"k": 0.1}}, {"data": {"raw": "x"}}])
def test_a_variant_may_not_change_the_data_that_runs_share(variant: Any) -> None:
    """It would do nothing: a data set is prepared once for all of its runs."""
    with pytest.raises(TwistError, match=r"variants\.yaml: mine must hold settings of training or later"):
        settings_of("mine", {"mine": variant})


def test_a_misspelt_override_is_named() -> None:
    with pytest.raises(TwistError, match=r"config\.yaml: settings: training\.itterations is unknown"):
        Run.parse("rooms_5pct").resolve(CONFIG, {"training": {"itterations": 3}})


# --- the command line ----------------------------------------------------------------------------


def chosen(*words: str) -> Any:
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser)
    return chosen_settings(parser.parse_args(["--config", str(CONFIG), *words]))


def test_a_command_line_names_a_run_or_a_data_set() -> None:
    assert chosen("--run", "tiny_50pct-tau0.7").pseudolabels.certainty_threshold == (0.7,)
    assert chosen("--dataset", "tiny") == dataset_settings("tiny", CONFIG, {})
    override = ("--override", '{"training": {"iterations": "7", "learning_rate": "1e-3"}}')
    assert chosen("--run", "tiny_50pct", *override).training.iterations == 7
    assert chosen("--run", "tiny_50pct", *override).training.learning_rate == 1e-3
    with pytest.raises(TwistError, match="give --run or --dataset"):
        chosen()


@pytest.mark.parametrize("override", ["{", "[1]", "3", "training: 3"])
def test_an_override_that_is_no_mapping_is_refused_in_one_line(override: str) -> None:
    with pytest.raises(TwistError, match=r"override|config\.yaml: settings") as error:
        chosen("--run", "tiny_50pct", "--override", override)
    assert "\n" not in str(error.value)


def test_a_run_tells_what_it_is() -> None:
    assert Run.parse("rooms_12.5pct-control-tau0.7-seed3").about(2) == {
        "dataset": "rooms", "ratio_pct": 12.5, "method": "control", "variant": "-control-tau0.7-seed3",
        "seed": 3, "rounds": 2,
    }  # fmt: skip


def test_a_number_has_one_spelling() -> None:
    with pytest.raises(TwistError, match=r"-tau0\.50 is written -tau0\.5"):
        settings_of("tau0.50", {})


def test_self_training_needs_unlabelled_scenes() -> None:
    with pytest.raises(TwistError, match="full supervision is -suponly"):
        Run.parse("rooms_100pct")
    assert Run.parse("rooms_100pct-suponly").ratio_pct == 100
