"""Runs: the grammar of their names, what they share, and the settings that they stand for."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twist.errors import TwistError
from twist.runs import Run, add_settings_arguments, chosen_settings, dataset_settings
from twist.settings import Settings

CONFIG = Path(__file__).parents[1] / "config"


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("rooms_5pct", Run("rooms", "5")),
        ("rooms-large_0.5pct", Run("rooms-large", "0.5")),
        ("scannet_100pct-suponly", Run("scannet", "100", "suponly")),
        ("s3dis_10pct-control-alpha0.1-seed3", Run("s3dis", "10", "control", ("alpha0.1",), 3)),
        ("rooms_20pct-anew-tau0.7-seed12", Run("rooms", "20", "twist", ("anew", "tau0.7"), 12)),
        ("rooms_20pct-suponly-init2-seed12", Run("rooms", "20", "suponly", (), 12, 2)),
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
    st.integers(0, 40),
)
def test_every_run_is_parsed_from_its_name(
    dataset: str, ratio: str, method: str, changes: list[str], seed: int, init: int
) -> None:
    run = Run(dataset, ratio, method, tuple(sorted(changes)), seed, init)
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
        ("rooms_5pct-pc-suponly", "rooms_5pct-suponly-pc"),
        ("rooms_5pct-tau0.7-csc", "rooms_5pct-csc-tau0.7"),
        ("rooms_5pct-seed1-control", "rooms_5pct-control-seed1"),
        ("rooms_5pct-tau0.7-suponly", "rooms_5pct-suponly-tau0.7"),
        ("rooms_5pct-seed1-tau0.7", "rooms_5pct-tau0.7-seed1"),
        ("rooms_5pct-seed0", "rooms_5pct"),
        ("rooms_5pct-init0", "rooms_5pct"),
        ("rooms_5pct-seed1-init2", "rooms_5pct-init2-seed1"),
        ("rooms_5pct-seed01", "rooms_5pct-seed1"),
        ("rooms_05pct", "5pct"),
        ("rooms_5.0pct", "5pct"),
        ("rooms_0.50pct", "0.5pct"),
    ],
)
def test_another_spelling_is_refused_because_a_run_has_one_folder(name: str, canonical: str) -> None:
    with pytest.raises(TwistError, match=rf"\b{canonical}\b.*one folder"):
        Run.parse(name)


def test_a_run_starts_from_one_backbone_at_most() -> None:
    assert Run.parse("rooms_5pct-control-pc").resolve(CONFIG, {}).pretraining.method == "pc"
    assert Run.parse("rooms_5pct").resolve(CONFIG, {}).pretraining.method == "none"
    with pytest.raises(TwistError, match="a run starts from one pre-trained backbone, -pc or -csc"):
        Run.parse("rooms_5pct-csc-pc")


@pytest.mark.parametrize("ratio", ["0", "101", "100.5", "1000"])
def test_a_ratio_is_above_0_and_at_most_100(ratio: str) -> None:
    with pytest.raises(TwistError, match=f"a label ratio of {ratio} % is not between 0 and 100"):
        Run.parse(f"rooms_{ratio}pct")


# --- what runs share -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Run], Settings]:
    """The settings of runs of a data set with five rounds and variants of all kinds."""
    folder = tmp_path_factory.mktemp("config")
    for name, text in {
        "presets/mine.yaml": "",
        "datasets/own.yaml": "preset: mine\n",
        "variants.yaml": """
wide: {network: {stem_channels: 64}}
late: {pseudolabels: {certainty_threshold: [0.9, 0.5, 0.5, 0.8]}}
labelled: {pseudolabels: {semantic_threshold: 0.7}}
grouped: {proposals: {radius_m: 0.1}}
loose: {prediction: {min_score: 0.01}}
strong: {selftraining: {paste: 3}, prediction: {class_weight_power: 0.5}}
short: {selftraining: {rounds: 2}}
quick: {training: {workers: 7}}
fast: {training: {learning_rate: 0.1}}
again: {training: {learning_rate: 0.1}}
halfa: {network: {encoder_channels: [8, 8], encoder_blocks: [1, 1]}}
halfb: {network: {decoder_channels: [8, 8], decoder_blocks: [1, 1]}}
""",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return functools.cache(lambda run: run.resolve(folder, {}))


@pytest.mark.parametrize(
    ("name", "stage", "owner"),
    [
        # every run starts from a Sup-only model
        ("own_5pct", 0, "own_5pct-suponly"),
        ("own_5pct-control-seed2", 0, "own_5pct-suponly-seed2"),
        ("own_100pct-suponly", 0, "own_100pct-suponly"),
        ("own_5pct-alpha2-grouped-labelled-tau0.7", 0, "own_5pct-suponly"),
        ("own_5pct-tau0.7-wide", 0, "own_5pct-suponly-wide"),
        # a pre-trained backbone makes another start, with any method
        ("own_5pct-pc", 0, "own_5pct-suponly-pc"),
        ("own_5pct-control-csc-tau0.7", 0, "own_5pct-suponly-csc"),
        ("own_5pct-pc-tau0.3", 1, "own_5pct-pc"),
        # the certainty threshold counts from round 2 on
        ("own_5pct", 1, "own_5pct"),
        ("own_5pct-tau0.3-seed4", 1, "own_5pct-seed4"),
        ("own_5pct-tau0.3-seed4", 2, "own_5pct-tau0.3-seed4"),
        ("own_5pct-tau0.3-wide", 1, "own_5pct-wide"),
        ("own_5pct-late", 3, "own_5pct"),
        ("own_5pct-late", 4, "own_5pct-late"),
        ("own_5pct-tau0.5", 5, "own_5pct"),
        # what labels or trains round 1 is shared with nobody
        ("own_5pct-labelled", 1, "own_5pct-labelled"),
        ("own_5pct-alpha2", 1, "own_5pct-alpha2"),
        ("own_5pct-grouped", 1, "own_5pct-grouped"),
        # the control learns from no pseudo-labels
        ("own_5pct-control-labelled-late", 5, "own_5pct-control"),
        # number of rounds, scoring and speed change no model
        ("own_5pct-loose-quick-short", 2, "own_5pct"),
        # of two changes that do the same, one stays
        ("own_5pct-again-fast", 1, "own_5pct-fast"),
        # other initial weights make another run at every stage, and share with their like
        ("own_5pct-init2-seed4", 0, "own_5pct-suponly-init2-seed4"),
        ("own_5pct-late-init2", 3, "own_5pct-init2"),
        # changes that only fit together stay together
        ("own_5pct-halfa-halfb-tau0.3", 1, "own_5pct-halfa-halfb"),
    ],
)
def test_runs_share_the_rounds_in_which_they_do_not_differ(
    name: str, stage: int, owner: str, resolved: Callable[[Run], Settings]
) -> None:
    assert Run.parse(name).at(stage, resolved).name == owner


@pytest.mark.parametrize(
    ("name", "stage", "owner"),
    [
        ("own_5pct-tau0.3", 1, "own_5pct"),
        ("own_5pct-loose", 1, "own_5pct-loose"),
        ("own_5pct-loose-tau0.3", 1, "own_5pct-loose"),
        ("own_5pct-suponly-tau0.3", 0, "own_5pct-suponly"),
        ("own_5pct-suponly-grouped", 0, "own_5pct-suponly-grouped"),
        # -rare0 takes back what -strong says of predicting; without -strong it changes nothing
        ("own_5pct-control-rare0-strong", 1, "own_5pct-control"),
        ("own_5pct-rare0-strong", 0, "own_5pct-suponly"),
    ],
)
def test_a_score_is_shared_where_prediction_does_not_differ_either(
    name: str, stage: int, owner: str, resolved: Callable[[Run], Settings]
) -> None:
    assert Run.parse(name).at(stage, resolved, scored=True).name == owner


_CHANGES = (
    "wide",
    "late",
    "labelled",
    "grouped",
    "loose",
    "short",
    "again",
    "fast",
    "halfa",
    "halfb",
    "rare0",
    "strong",
    "tau0.3",
)


@given(
    method=st.sampled_from(["twist", "control", "suponly"]),
    changes=st.lists(st.sampled_from(_CHANGES), unique=True, max_size=5),
    stage=st.integers(0, 5),
    scored=st.booleans(),
)
def test_the_owner_of_a_round_has_the_settings_that_count(
    method: str, changes: list[str], stage: int, scored: bool, resolved: Callable[[Run], Settings]
) -> None:
    assume(("halfa" in changes) == ("halfb" in changes))
    assume(not {"late", "tau0.3"} <= set(changes))  # they contradict each other
    run = Run("own", "5", method, tuple(sorted(changes)), 1)
    owner = run.at(stage, resolved, scored=scored)
    mine, theirs = resolved(run), resolved(owner)
    assert owner.at(stage, resolved, scored=scored) == owner
    assert (owner.seed, set(owner.changes) <= set(changes)) == (1, True)
    assert owner.method == (method if stage else "suponly")
    assert mine.of_start_training() == theirs.of_start_training()
    if stage:
        labels = method == "twist"
        assert mine.of_round_training(pseudo_labels=labels) == theirs.of_round_training(pseudo_labels=labels)
    if method == "twist":  # the control learns from no pseudo-labels
        assert all(mine.of_labelling(r) == theirs.of_labelling(r) for r in range(1, stage + 1))
    if scored:
        assert (mine.prediction, mine.proposals) == (theirs.prediction, theirs.proposals)


# --- settings ------------------------------------------------------------------------------------


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


def test_models_that_answer_together_come_from_other_initial_weights() -> None:
    run = Run.parse("rooms_5pct-plus-seed2")
    assert run.members(1) == [run]
    assert [member.name for member in run.members(3)] == [
        "rooms_5pct-plus-seed2", "rooms_5pct-plus-init1-seed2", "rooms_5pct-plus-init2-seed2",
    ]  # fmt: skip
    member = Run.parse("rooms_5pct-plus-init1-seed2")
    assert member.members(1) == [member]
    with pytest.raises(TwistError, match=r"single network.* 3 that .*: ask for rooms_5pct-plus-seed2"):
        member.members(3)


def test_a_run_has_one_method() -> None:
    with pytest.raises(TwistError, match="one method, -control or -suponly"):
        Run.parse("rooms_5pct-control-suponly")


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
    with pytest.raises(TwistError, match="give --run or --dataset, one of them"):
        chosen("--run", "tiny_50pct", "--dataset", "rooms")
    with pytest.raises(TwistError, match=r"^--override: training\.foo is unknown"):
        chosen("--run", "tiny_50pct", "--override", "training: {foo: 1}")


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


def test_self_training_needs_unlabelled_scenes() -> None:
    with pytest.raises(TwistError, match="full supervision is -suponly"):
        Run.parse("rooms_100pct")
    assert Run.parse("rooms_100pct-suponly").ratio_pct == 100
