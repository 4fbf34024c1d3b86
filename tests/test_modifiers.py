"""Modifiers: which settings the parts of a run's name stand for, and which do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twist.errors import TwistError
from twist.modifiers import modifier_layers, settings_of_modifier
from twist.runs import Run

CONFIG = Path(__file__).parents[1] / "config"


def test_modifiers_change_their_setting_alone() -> None:
    plain = Run.parse("rooms_5pct").resolve(CONFIG, {})
    changed = Run.parse("rooms_5pct-alpha0.1-tau0.7-seed4").resolve(CONFIG, {})
    assert changed.pseudolabels.certainty_threshold == (0.7,)
    assert changed.recorrection.alpha == 0.1
    assert (changed.network, changed.training, changed.proposals) == (
        plain.network, plain.training, plain.proposals,
    )  # fmt: skip


def test_a_value_of_its_own_changes_a_variant_of_several_wherever_it_stands() -> None:
    settings = Run.parse("rooms_5pct-plus-trust0.5-views1").resolve(CONFIG, {})
    assert (settings.proposals.class_trust, settings.prediction.views) == (0.5, 1)
    assert settings.prediction.ensemble == 3
    bundle = {"wide": {"prediction": {"views": 2, "ensemble": 3}}}
    assert list(modifier_layers(("views4", "wide"), bundle)) == ["-wide", "-views4"]
    assert list(modifier_layers(("alpha1", "wide"), bundle)) == ["-wide", "-alpha1"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("rooms_5pct-tau0.3-tau0.7", "pseudolabels.certainty_threshold"),
        ("rooms_5pct-tau0.3-tauup", "pseudolabels.certainty_threshold"),
        ("rooms_5pct-taudown-tauup", "pseudolabels.certainty_threshold"),
        ("rooms_5pct-alpha10-alpha2", "recorrection.alpha"),
        ("rooms_5pct-rounds2-rounds5", "selftraining.rounds"),
        ("rooms_5pct-literal-plus", "proposals.class_trust"),
    ],
)
def test_modifiers_that_contradict_each_other_are_refused(name: str, key: str) -> None:
    """The folder would name a value that was not used."""
    with pytest.raises(TwistError, match=rf"both set {key}; give one of them"):
        Run.parse(name).resolve(CONFIG, {})


def test_an_unknown_modifier_is_told_the_known_ones() -> None:
    known = r"-suponly, -control, -pc, -csc, -seed1, -init1, -tau0\.5, -alpha0\.5, .*-tauup"
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
        settings_of_modifier("mine", {"mine": variant})


def test_a_number_has_one_spelling() -> None:
    with pytest.raises(TwistError, match=r"-tau0\.50 is written -tau0\.5"):
        settings_of_modifier("tau0.50", {})


@pytest.mark.parametrize("name", [5, False, "control", "pc", "seed1", "a-b", "Big", "twist"])
def test_a_variant_that_no_name_could_mean_is_refused(name: Any) -> None:
    with pytest.raises(TwistError, match=rf"config/variants\.yaml: {name!r} cannot name a variant"):
        modifier_layers((), {"wide": {}, name: {"training": {"iterations": 3}}})
