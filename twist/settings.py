"""All settings of a run: YAML in, frozen dataclasses out; what each result depends on."""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from twist.checking import checked_value, read_yaml
from twist.data_sections import DataSettings, RoomsSettings, SupervoxelSettings
from twist.errors import TwistError
from twist.files import write_text
from twist.pretraining_sections import PretrainingSettings, ViewSettings
from twist.sections import (
    AugmentationSettings,
    InferenceSettings,
    NetworkSettings,
    PredictionSettings,
    ProposalSettings,
    PseudoLabelSettings,
    RecorrectionSettings,
    SelfTrainingSettings,
    TrainingSettings,
    ViewerSettings,
)
from twist.versions import INFERENCE_VERSION, TRAINING_VERSION


@dataclass(frozen=True)
class Settings:
    """All settings of one run."""

    data: DataSettings = field(default_factory=DataSettings)
    rooms: RoomsSettings = field(default_factory=RoomsSettings)
    supervoxels: SupervoxelSettings = field(default_factory=SupervoxelSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    proposals: ProposalSettings = field(default_factory=ProposalSettings)
    recorrection: RecorrectionSettings = field(default_factory=RecorrectionSettings)
    pseudolabels: PseudoLabelSettings = field(default_factory=PseudoLabelSettings)
    selftraining: SelfTrainingSettings = field(default_factory=SelfTrainingSettings)
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    prediction: PredictionSettings = field(default_factory=PredictionSettings)
    views: ViewSettings = field(default_factory=ViewSettings)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    viewer: ViewerSettings = field(default_factory=ViewerSettings)

    @classmethod
    def from_layers(cls, layers: Mapping[str, Mapping[str, Any]]) -> Settings:
        """Defaults overlaid by layers, later over earlier; the keys say where each came from, for errors.

        Raises TwistError naming layer, section and key for unknown keys, wrong types and values out of range.
        """
        merged: dict[str, dict[str, Any]] = {section.name: {} for section in fields(cls)}
        for origin, layer in layers.items():
            if not isinstance(layer, Mapping):
                raise TwistError(f"{origin}: must hold sections of settings, not {layer!r}")
            for section, values in layer.items():
                if section not in merged:
                    raise TwistError(f"{origin}: unknown section {section!r}; there are {', '.join(merged)}")
                if not isinstance(values, Mapping):
                    raise TwistError(f"{origin}: {section} must hold settings, not {values!r}")
                section_class = _section_classes()[section]
                merged[section] |= {
                    key: checked_value(section_class, key, value, f"{origin}: {section}.{key}")
                    for key, value in values.items()
                }
        settings = cls(**{name: _section_classes()[name](**values) for name, values in merged.items()})
        settings._check_together()
        return settings

    def _check_together(self) -> None:
        network, recorrection = self.network, self.recorrection
        depths = {
            len(getattr(network, key))
            for key in ("encoder_channels", "encoder_blocks", "decoder_channels", "decoder_blocks")
        }
        if len(depths) != 1:
            raise TwistError("network: encoder and decoder channels and blocks must be lists of one length")
        if 0 in depths or not network.recorrection_channels:
            raise TwistError(
                "network: Φ and Ψ need at least one level each (encoder and recorrection_channels)"
            )
        if not network.features or len(set(network.features)) < len(network.features):
            raise TwistError("network.features must name at least one input, each once")
        if not recorrection.iou_background <= recorrection.iou_class <= recorrection.iou_certain:
            raise TwistError("recorrection: needs iou_background <= iou_class <= iou_certain")
        if recorrection.iou_background == recorrection.iou_certain:
            raise TwistError("recorrection: iou_background must lie below iou_certain")
        if not self.pseudolabels.certainty_threshold:
            raise TwistError("pseudolabels.certainty_threshold must hold at least one value")
        if len(self.augmentation.elastic_granularity_m) != len(self.augmentation.elastic_magnitude_m):
            raise TwistError("augmentation: elastic granularity and magnitude must be lists of one length")
        for key in ("eye_m", "pitch_deg", "depth_m"):
            bounds = getattr(self.views, key)
            if len(bounds) != 2 or bounds[0] > bounds[1]:
                raise TwistError(f"views.{key} must be two values, the lower one first")
        if self.pretraining.matches_per_step < 2 * self.pretraining.pairs_per_step:
            raise TwistError("pretraining.matches_per_step must be at least 2 for each of pairs_per_step")
        for key in ("partition_radii_m", "partition_heights_m"):
            bounds = getattr(self.pretraining, key)
            if not bounds or list(bounds) != sorted(set(bounds)):
                raise TwistError(f"pretraining.{key} must be rising values, at least one")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def save(self, path: str | Path) -> None:
        """Write all settings, resolved, as YAML."""
        write_text(path, self.as_yaml())

    def as_yaml(self) -> str:
        plain = json.loads(json.dumps(self.to_dict()))  # tuples become lists
        return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read what ``save`` wrote, or any part of it."""
        return cls.from_layers({str(path): read_yaml(path)})

    def canonical_json(self, *names: str) -> str:
        """Some settings as canonical JSON: what a rule's result depends on.

        names: sections (``network``: all of it that changes results) or single settings
        (``pseudolabels.views``); none = everything that changes results. Raises KeyError for a name that no
        setting has: what a rule depends on would get lost without a word.
        """
        wanted: dict[str, Any] = {}
        for name in names or [section.name for section in fields(self)]:
            section, _, key = name.partition(".")
            values = getattr(self, section, None)
            if values is None or (key and not hasattr(values, key)):
                raise KeyError(f"no setting {name}")
            for entry in fields(values):
                if entry.name == key or (not key and entry.metadata["changes_result"]):
                    wanted[f"{section}.{entry.name}"] = getattr(values, entry.name)
        return json.dumps(wanted, sort_keys=True)

    def of_labelling(self, round_number: int) -> str:
        """What the pseudo-labels of round ``round_number`` depend on, as canonical JSON."""
        initial = ("semantic_threshold", "initial", "initial_share", "weighting", "views", "ensemble")
        if round_number == 1:
            return self._of_inference(*(f"pseudolabels.{name}" for name in initial))
        names = (f"pseudolabels.{name}" for name in (*initial, "overlap_iou", "outside"))
        wanted = json.loads(self._of_inference("proposals", *names))
        return json.dumps(wanted | {"certainty_threshold": self.pseudolabels.threshold_of(round_number)})

    def of_prediction(self) -> str:
        """What the predictions of a model depend on, as canonical JSON."""
        return self._of_inference("proposals", "prediction")

    def of_own_scan(self) -> str:
        """What the instances that a model finds in one's own scan depend on, as canonical JSON."""
        return self._of_inference("supervoxels", "proposals", "prediction")

    def _of_inference(self, *names: str) -> str:
        """Some settings, those of inference, and the version of its code, as canonical JSON."""
        wanted = json.loads(self.canonical_json("inference", *names))
        return json.dumps(wanted | {"version of inference": INFERENCE_VERSION}, sort_keys=True)

    def _of_training(self, *names: str) -> str:
        """Some settings and the version of the code that trains, as canonical JSON."""
        wanted = json.loads(self.canonical_json("data.format", "network", "augmentation", *names))
        return json.dumps(wanted | {"version of training": TRAINING_VERSION}, sort_keys=True)

    def of_start_training(self) -> str:
        """What round 0's training depends on, as canonical JSON."""
        sections = ["training"]
        if self.pretraining.method != "none":
            sections += ["views", "pretraining"]
        return self._of_training(*sections)

    def pretrained(self, method: str) -> Settings:
        """The same settings with pre-training by ``method``."""
        return replace(self, pretraining=replace(self.pretraining, method=method))

    def of_pretraining(self) -> str:
        """What a pre-trained backbone depends on, as canonical JSON."""
        shared = (f"training.{name}" for name in ("mixed_precision", "gradient_clip", "ema_decay"))
        return self._of_training("views", "pretraining", *shared)

    def of_round_training(self, *, pseudo_labels: bool) -> str:
        """What a later round's training depends on, as canonical JSON; the control has no pseudo-labels."""
        without = (
            ("rounds",)
            if pseudo_labels
            else ("rounds", "pseudo_weight", "pseudo_class_weight_power", "paste")
        )
        rounds = (f"selftraining.{e.name}" for e in fields(self.selftraining) if e.name not in without)
        grouping = (f"proposals.{e.name}" for e in fields(self.proposals) if e.name != "class_trust")
        return self._of_training("training", *grouping, "recorrection", *rounds)

    def fingerprint(self, depends: str | None = None) -> str:
        """Hash of all settings that change results, or of those of ``depends``, 16 hexadecimal digits."""
        text = self.canonical_json() if depends is None else depends
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def settings_as_markdown() -> str:
    """Every setting with type, default, range and reason: the text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Written by `python -m twist settings`. [P] = stated in the paper, [O] = taken from openly published",
        "related work, [C] = our choice, because the paper is silent.",
        "",
        "*Default* is the value where no file says another. A data set's preset (`config/presets/`), its",
        "own file in `config/datasets/`, `config/config.yaml` and a run's modifiers",
        "(`config/variants.yaml`) come over it, in this order: `rooms` has the preset `small`, smaller",
        "networks and shorter trainings. What counts for a run stands in its folder's `settings.yaml`;",
        "`python -m twist settings --run rooms_5pct` prints it.",
    ]
    for name, section in _section_classes().items():
        lines += ["", f"## {name}", "", section.__doc__.splitlines()[0], ""]
        lines += ["| setting | default | range | why |", "|---|---|---|---|"]
        for entry in fields(section):
            default = json.dumps(entry.default, ensure_ascii=False)
            row = (f"`{entry.name}`", f"`{default}`", _range_text(entry.metadata), entry.metadata["why"])
            lines.append("| " + " | ".join(text.replace("|", "\\|") for text in row) + " |")
    return "\n".join(lines) + "\n"


def _range_text(limits: Mapping[str, Any]) -> str:
    if limits["choices"]:
        return ", ".join(limits["choices"])
    signs = {"above": ">", "at_least": "≥", "at_most": "≤"}
    return ", ".join(f"{sign} {limits[key]}" for key, sign in signs.items() if limits[key] is not None)


def _section_classes() -> dict[str, Any]:
    hints = typing.get_type_hints(Settings)
    return {section.name: hints[section.name] for section in fields(Settings)}
