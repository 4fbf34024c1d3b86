"""Runs: what the name of a results folder means, and which settings it resolves to.

``{dataset}_{ratio}pct{variant}``: ``scannet_5pct`` is TWIST as published with 5 % of the scenes labelled;
``scannet_5pct-control-alpha0.1-seed3`` the label-only control with α = 0.1 and seed 3.
``scannet_5pct-init1`` has the labelled scenes of ``scannet_5pct``, other initial weights and order of scenes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from twist.checking import parse_yaml, read_yaml
from twist.errors import TwistError
from twist.modifiers import METHODS, PRETRAINED, modifier_layers
from twist.planned import config_folder
from twist.settings import Settings

CONFIG_SETTINGS = "config.yaml: settings"
_NAME = re.compile(r"(?P<dataset>[a-z0-9-]+)_(?P<ratio>\d+(\.\d+)?)pct(?P<variant>(-[a-z0-9.]+)*)")


@dataclass(frozen=True)
class Run:
    """One row of the results, by name.

    method: ``twist``; ``suponly`` = round 0 alone; ``control`` = TWIST's rounds without pseudo-labels
    changes: further modifiers in the order of the name, such as ``alpha0.1``
    seed: draw of the labelled scenes, and of weights and order; init: another draw of the latter alone
    """

    dataset: str
    ratio: str
    method: str = "twist"
    changes: tuple[str, ...] = ()
    seed: int = 0
    init: int = 0

    @classmethod
    def parse(cls, name: str) -> Run:
        """Read a name. Raises TwistError for what does not fit the grammar or its order."""
        match = _NAME.fullmatch(name)
        if not match:
            raise TwistError(
                f"{name!r} is not a run; names look like rooms_5pct or scannet_10pct-control-seed1"
            )
        method, changes, numbers = "twist", [], {"seed": 0, "init": 0}
        for modifier in match["variant"].split("-")[1:]:
            if modifier in METHODS[1:]:
                if method != "twist":
                    raise TwistError(f"{name}: a run has one method, -{method} or -{modifier}")
                method = modifier
            elif re.fullmatch(r"(seed|init)\d+", modifier):
                numbers[modifier[:4]] = int(modifier[4:])
            else:
                changes.append(modifier)
        run = cls(match["dataset"], match["ratio"], method, tuple(sorted(set(changes))), **numbers)
        if not re.fullmatch(r"(0|[1-9]\d*)(\.\d*[1-9])?", run.ratio):
            raise TwistError(f"{name}: write {run.ratio_pct:g}pct, so that a run has one folder")
        if len(set(PRETRAINED) & set(run.changes)) > 1:
            raise TwistError(f"{name}: a run starts from one pre-trained backbone, -pc or -csc")
        if not 0 < run.ratio_pct <= 100:
            raise TwistError(f"{name}: a label ratio of {run.ratio} % is not between 0 and 100")
        if run.ratio_pct == 100 and run.method == "twist":
            raise TwistError(f"{name}: at 100 % no scene is left to label; full supervision is -suponly")
        if run.name != name:
            raise TwistError(f"{name!r} is written {run.name!r}, so that a run has one folder")
        return run

    @property
    def ratio_pct(self) -> float:
        return float(self.ratio)

    @property
    def variant(self) -> str:
        """The name's part behind ``pct``; canonical order: method, changes (sorted), init, seed."""
        method = () if self.method == "twist" else (self.method,)
        numbers = {"init": self.init, "seed": self.seed}
        last = (f"{key}{number}" for key, number in numbers.items() if number)
        return "".join(f"-{part}" for part in (*method, *self.changes, *last))

    @property
    def name(self) -> str:
        return f"{self.dataset}_{self.ratio}pct{self.variant}"

    def about(self, rounds: int) -> dict[str, Any]:
        """What eval.json tells of this run after ``rounds``."""
        facts = {"dataset": self.dataset, "ratio_pct": self.ratio_pct, "method": self.method}
        return facts | {"variant": self.variant, "seed": self.seed, "rounds": rounds}

    def members(self, count: int) -> list[Run]:
        """The runs whose ``count`` models answer together: this one, and the same of other initialisations.

        Raises TwistError for a run that is itself a single network of such.
        """
        if count == 1:
            return [self]
        if self.init:
            whole = replace(self, init=0).name
            raise TwistError(
                f"{self.name} is a single network, and its settings ask for {count} that answer together: "
                f"ask for {whole}"
            )
        return [replace(self, init=init) for init in range(count)]

    def at(self, round_number: int, settings_of: Callable[[Run], Settings], *, scored: bool = False) -> Run:
        """The run whose folder holds this run's model after round ``round_number``, or that model's score.

        It has only those changes that the result depends on, so runs that differ in later rounds share the
        earlier ones: ``rooms_5pct-tau0.3`` has the model of ``rooms_5pct`` after round 1, and every run
        starts from a Sup-only model.
        settings_of: resolves a run; raises TwistError for settings that do not fit together
        """
        run = replace(self, method=self.method if round_number else "suponly")
        wanted = run._dependencies(round_number, settings_of(run), scored)
        for change in run.changes:
            fewer = replace(run, changes=tuple(kept for kept in run.changes if kept != change))
            try:
                same = fewer._dependencies(round_number, settings_of(fewer), scored) == wanted
            except TwistError:  # the other changes do not fit together without this one
                same = False
            if same:  # from the start again: a change that this one overruled may count for nothing now
                return fewer.at(round_number, settings_of, scored=scored)
        return run

    def _dependencies(self, round_number: int, settings: Settings, scored: bool) -> list[str]:
        """What the model after round ``round_number``, or its score, depends on, as canonical JSON."""
        texts, labels = [settings.of_start_training()], self.method == "twist"
        for past in range(1, round_number + 1):
            texts.append(settings.of_round_training(pseudo_labels=labels))
            if labels:
                texts.append(settings.of_labelling(past))
        if scored:
            texts.append(settings.of_prediction())
        return texts

    def resolve(self, config: Path, overrides: Mapping[str, Any], source: str = CONFIG_SETTINGS) -> Settings:
        """All settings: defaults < preset < data set < overrides < modifiers of the name.

        config: folder with ``datasets/``, ``presets/`` and ``variants.yaml``; overrides: such as ``settings``
        of config.yaml, and ``source``, what errors call them. Raises TwistError naming file, section and
        key, or modifiers.
        """
        layers = dict(dataset_layers(self.dataset, config)) | {source: overrides}
        changes = modifier_layers(self.changes, read_yaml(config / "variants.yaml"))
        return Settings.from_layers(layers | changes)


def dataset_layers(dataset: str, config: Path) -> dict[str, dict[str, Any]]:
    """Preset and data set files as layers. Raises TwistError for an unknown data set or preset."""
    file = config / "datasets" / f"{dataset}.yaml"
    if not file.exists():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml")))
        raise TwistError(f"there is no data set {dataset!r} ({file}); known: {known}")
    own = read_yaml(file)
    preset = config / "presets" / f"{own.pop('preset', 'paper')}.yaml"
    if not preset.exists():
        raise TwistError(f"{file}: there is no preset {preset.stem!r} ({preset})")
    return {str(preset): read_yaml(preset), str(file): own}


def dataset_settings(
    dataset: str, config: Path, overrides: Mapping[str, Any], source: str = CONFIG_SETTINGS
) -> Settings:
    """Settings that every run of a data set shares. Parameters as ``Run.resolve``."""
    return Settings.from_layers(dict(dataset_layers(dataset, config)) | {source: overrides})


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that ``chosen_settings`` reads, for verbs that need settings."""
    group = parser.add_argument_group("settings")
    group.add_argument("--run", metavar="NAME", help="settings of this run, such as rooms_5pct-seed1")
    group.add_argument("--dataset", metavar="NAME", help="settings of this data set, where no run is meant")
    group.add_argument("--config", type=Path, default=config_folder(), help="its folder; default: config")
    example = "come over the files', such as 'prediction: {min_score: 0.3}'"
    group.add_argument("--override", default="{}", metavar="YAML", help=example)


def chosen_settings(arguments: argparse.Namespace) -> Settings:
    """The settings that a command line names. Raises TwistError where it names none, or two."""
    if bool(arguments.run) == bool(arguments.dataset):
        raise TwistError("give --run or --dataset, one of them, so that the settings are known")
    more = (arguments.config, overrides_of(arguments), "--override")
    if arguments.run:
        return Run.parse(arguments.run).resolve(*more)
    return dataset_settings(arguments.dataset, *more)


def overrides_of(arguments: argparse.Namespace) -> Any:
    """What ``--override`` holds. Raises TwistError where that is no YAML."""
    try:
        return parse_yaml(arguments.override)
    except yaml.YAMLError as error:
        why = getattr(error, "problem", None) or "not valid YAML"
        raise TwistError(f"--override {arguments.override}: {why}") from error
