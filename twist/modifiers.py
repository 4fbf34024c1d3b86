"""Modifiers: what the parts of a run's name behind ``pct`` stand for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twist.errors import TwistError

METHODS = ("twist", "suponly", "control")
#: Modifiers that start round 0 from a pre-trained backbone; each may stand with any method.
PRETRAINED = ("pc", "csc")


def _number(value: str) -> int | float:
    """A count; where it has a fraction the check of settings refuses it, with the reason."""
    return int(value) if value.isdigit() else float(value)


#: Modifiers that carry their value: an example of it, and the settings that they stand for.
_VALUED: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "tau": ("0.5", lambda value: {"pseudolabels": {"certainty_threshold": [float(value)]}}),
    "alpha": ("0.5", lambda value: {"recorrection": {"alpha": float(value)}}),
    "rounds": ("3", lambda value: {"selftraining": {"rounds": _number(value)}}),
    "trust": ("0.5", lambda value: {"proposals": {"class_trust": float(value)}}),
    "rare": ("0.75", lambda value: {"prediction": {"class_weight_power": float(value)}}),
    "views": ("4", lambda value: {"prediction": {"views": _number(value)}}),
}


def modifier_layers(changes: Iterable[str], variants: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The settings of modifiers as layers, by ``-name``. variants: what config/variants.yaml holds.

    Those that carry their value come last: ``-plus-trust0.5`` is ``-plus`` but for one value.
    Raises TwistError for an unknown modifier, for two that contradict each other, and for a variant that no
    run's name could mean.
    """
    _refuse_useless(variants)
    settings = {change: settings_of_modifier(change, variants) for change in changes}
    for pair in itertools.combinations(settings, 2):
        _refuse_contradiction({change: _values(settings[change]) for change in pair}, variants)
    ordered = sorted(settings, key=lambda change: change not in variants)
    return {f"-{change}": settings[change] for change in ordered}


def _refuse_useless(variants: Mapping[str, Any]) -> None:
    """YAML takes ``no`` and ``5`` for other things than text, and ``seed1`` means something else in names."""
    for name in variants:
        taken = name in (*METHODS, *PRETRAINED) or re.fullmatch(r"(seed|init)\d+", str(name))
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9.]+", name) or taken:
            raise TwistError(
                f"config/variants.yaml: {name!r} cannot name a variant: letters a to z and digits (in quotes "
                f"where YAML reads another type), none of {', '.join((*METHODS, *PRETRAINED))}, seedN, initN"
            )


def _values(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``section.key`` -> value. What is no section is left to the check of settings."""
    return {
        f"{section}.{key}": value
        for section, keys in settings.items()
        if isinstance(keys, Mapping)
        for key, value in keys.items()
    }


def _refuse_contradiction(pair: Mapping[str, Mapping[str, Any]], variants: Mapping[str, Any]) -> None:
    """Each setting has one value; only a modifier that carries it may change it in a variant of several."""
    (one, of_one), (other, of_other) = pair.items()
    doubled = [key for key in of_one.keys() & of_other.keys() if of_one[key] != of_other[key]]
    bundles = [change for change in pair if change in variants and len(pair[change]) > 1]
    carrying = [change for change in pair if change not in variants]
    if doubled and not (len(bundles) == len(carrying) == 1):
        raise TwistError(f"-{one} and -{other} both set {min(doubled)}; give one of them")


def settings_of_modifier(change: str, variants: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings that a modifier stands for. Raises TwistError for an unknown one."""
    if change in PRETRAINED:
        return {"pretraining": {"method": change}}
    if change in variants:
        shared = {"data", "rooms", "supervoxels"}
        if not isinstance(variants[change], Mapping) or shared & variants[change].keys():
            raise TwistError(
                f"config/variants.yaml: {change} must hold settings of training or later; what concerns the "
                f"data ({', '.join(sorted(shared))}) makes another data set: config/datasets/"
            )
        return variants[change]
    match = re.fullmatch(r"([a-z]+)(\d+(?:\.\d+)?)", change)
    if match and match[1] in _VALUED:
        short = f"{match[1]}{float(match[2]):g}"
        if short != change:
            raise TwistError(f"-{change} is written -{short}, so that a run has one folder")
        return _VALUED[match[1]][1](match[2])
    examples = ("seed1", "init1", *(key + example for key, (example, _) in _VALUED.items()))
    known = [*METHODS[1:], *PRETRAINED, *examples, *variants]
    raise TwistError(
        f"unknown modifier -{change}; there are -{', -'.join(known)} (config/variants.yaml adds more)"
    )
