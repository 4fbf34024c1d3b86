"""Settings: what is refused and how it is said, layers, what results depend on, what is shipped."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist.__main__ import main
from twist.checking import read_yaml
from twist.errors import TwistError
from twist.runs import Run, dataset_settings
from twist.settings import Settings, settings_as_markdown

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"


def load(**sections: Any) -> Settings:
    return Settings.from_layers({"mine.yaml": sections})


def keys(canonical: str) -> set[str]:
    return set(json.loads(canonical))


# --- what is refused -----------------------------------------------------------------------------


NO_LEVELS = {key: [] for key in ("encoder_channels", "encoder_blocks", "decoder_channels", "decoder_blocks")}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"trainings": {}}, r"mine\.yaml: unknown section 'trainings'; there are data, .*training"),
        (
            {"training": {"learningrate": 1}},
            r"mine\.yaml: training\.learningrate is unknown; .*learning_rate",
        ),
        ({"training": 3}, r"mine\.yaml: training must hold settings, not 3"),
        ({"training": None}, r"mine\.yaml: training must hold settings, not None"),
        ({"training": {"iterations": "many"}}, r"training\.iterations must be int, not 'many'"),
        ({"training": {"iterations": 1.5}}, r"training\.iterations must be int, not 1\.5"),
        ({"training": {"iterations": True}}, r"training\.iterations must be int, not True"),
        ({"training": {"iterations": 0}}, r"training\.iterations must be at least 1, not 0"),
        ({"training": {"learning_rate": 0}}, r"training\.learning_rate must be above 0, not 0\.0"),
        ({"training": {"learning_rate": "fast"}}, r"training\.learning_rate must be float, not 'fast'"),
        ({"training": {"learning_rate": float("nan")}}, r"must be a finite number, not nan"),
        ({"training": {"learning_rate": "inf"}}, r"must be a finite number, not inf"),
        ({"training": {"learning_rate": [0.1]}}, r"training\.learning_rate must be float, not \[0\.1\]"),
        ({"training": {"ema_decay": 1}}, r"training\.ema_decay must be at most 0\.9999, not 1\.0"),
        ({"training": {"optimizer": "lion"}}, r"training\.optimizer must be one of adamw, sgd, not 'lion'"),
        ({"training": {"mixed_precision": "maybe"}}, r"training\.mixed_precision must be bool, not 'maybe'"),
        ({"training": {"iterations": "1.5"}}, r"training\.iterations must be int, not '1\.5'"),
        ({"training": {"iterations": "{"}}, r"training\.iterations must be int, not '\{'"),
        ({"training": {"mixed_precision": 1}}, r"training\.mixed_precision must be bool, not 1"),
        ({"network": {"features": "rgb"}}, r"network\.features must be a list, not 'rgb'"),
        ({"network": {"features": ["rgb", "smell"]}}, r"network\.features must be one of .*, not 'smell'"),
        ({"network": {"encoder_channels": [32, 0, 1, 1]}}, r"network\.encoder_channels must be at least 1"),
        (
            {"network": {"encoder_channels": [32, "wide"]}},
            r"network\.encoder_channels must be int, not 'wide'",
        ),
        ({"pseudolabels": {"certainty_threshold": [0.5, 1.5]}}, r"certainty_threshold must be at most 1"),
        # together
        ({"network": {"encoder_channels": [32]}}, "must be lists of one length"),
        ({"network": {"recorrection_channels": []}}, "Φ and Ψ need at least one level each"),
        ({"network": NO_LEVELS}, "Φ and Ψ need at least one level each"),
        ({"pretraining": {"matches_per_step": 8}}, r"matches_per_step must be at least 2 for each"),
        ({"network": {"features": []}}, r"network\.features must name at least one input"),
        ({"network": {"features": ["rgb", "rgb"]}}, "each once"),
        ({"recorrection": {"iou_class": 0.1}}, "iou_background <= iou_class <= iou_certain"),
        (
            {"recorrection": {"iou_background": 0.5, "iou_class": 0.5, "iou_certain": 0.5}},
            "iou_background must lie below iou_certain",
        ),
        ({"pseudolabels": {"certainty_threshold": []}}, "at least one value"),
        ({"augmentation": {"elastic_granularity_m": [0.1]}}, "elastic granularity and magnitude"),
        ({"views": {"eye_m": [1.8, 1.2]}}, r"views\.eye_m must be two values, the lower one first"),
        ({"views": {"depth_m": [1.0]}}, r"views\.depth_m must be two values"),
        ({"pretraining": {"partition_radii_m": []}}, "partition_radii_m must be rising values"),
        ({"pretraining": {"partition_heights_m": [0.5, 0.5]}}, "partition_heights_m must be rising values"),
    ],
)
def test_a_bad_setting_is_named_with_its_file(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(TwistError, match=said) as error:
        load(**sections)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("layer", [3, "training", ["training"], None])
def test_a_layer_that_is_no_mapping_is_refused(layer: Any) -> None:
    with pytest.raises(TwistError, match=r"mine\.yaml: must hold sections of settings"):
        Settings.from_layers({"mine.yaml": layer})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {iterations: 1", r"bad\.yaml:\d+:\d+: not valid YAML"),
        ("a: b: c", r"bad\.yaml:1:5: not valid YAML"),
        ("- training", r"bad\.yaml: must hold `key: value` lines, not list"),
        (b"\xff\xfe\x00", r"bad\.yaml"),
    ],
)
def test_a_file_that_is_no_yaml_is_named_with_line_and_column(
    text: str | bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TwistError, match=said) as error:
        Settings.load(path)
    assert "\n" not in str(error.value)
    with pytest.raises(TwistError, match=r"cannot read .*none\.yaml"):
        Settings.load(tmp_path / "none.yaml")


# --- what is read --------------------------------------------------------------------------------


def test_later_layers_win_setting_by_setting() -> None:
    settings = Settings.from_layers(
        {
            "preset": {"training": {"learning_rate": 0.5, "warmup": 7}, "network": {"stem_channels": 3}},
            "data set": {"training": {"learning_rate": 1}},
            "nothing": {},
        }
    )
    assert (settings.training.learning_rate, settings.training.warmup) == (1.0, 7)
    assert type(settings.training.learning_rate) is float
    assert settings.network.stem_channels == 3
    assert settings.prediction == Settings().prediction


def test_floats_may_be_written_as_yaml_1_1_reads_them_as_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training: {weight_decay: 1e-4, learning_rate: 2}\n")
    assert Settings.load(path).training.weight_decay == 1e-4
    path.write_text("")
    assert Settings.load(path) == Settings()


def test_saved_settings_are_read_back(tmp_path: Path) -> None:
    settings = load(
        training={"weight_decay": 1e-5, "learning_rate": 1e16},
        augmentation={"elastic_granularity_m": [], "elastic_magnitude_m": []},
        data={"raw": "data/Ünïcode: #1", "label_lists": "{ratio}.txt"},
        network={"features": ["height", "rgb"]},
    )
    settings.save(tmp_path / "settings.yaml")
    assert Settings.load(tmp_path / "settings.yaml") == settings


def test_numbers_and_flags_may_be_texts_as_the_command_line_gives_them() -> None:
    settings = load(
        training={"iterations": "5", "learning_rate": "1e-3", "warmup": 3, "mixed_precision": "true"},
        network={"encoder_channels": ["1", "2", "3", "4"]},
        data={"raw": "12", "label_lists": "{ratio}.txt"},
    )
    training = settings.training
    assert (training.iterations, training.learning_rate, training.mixed_precision) == (5, 1e-3, True)
    assert settings.network.encoder_channels == (1, 2, 3, 4)
    assert (settings.data.raw, settings.data.label_lists) == ("12", "{ratio}.txt")


# --- what results depend on ----------------------------------------------------------------------

COMFORT = {
    "data.raw",
    "data.test_list",
    "data.scenes_per_job",
    "data.inference_shards",
    "training.workers",
    "training.cache_gb",
    "training.save_every_s",
    "training.log_every",
    "training.gpus_per_training",
    "viewer.predicted_scenes",
    "viewer.unlabelled_scenes",
    "viewer.points_max",
}


def test_settings_of_comfort_change_no_result() -> None:
    settings = Settings()
    everything = keys(settings.canonical_json())
    assert not COMFORT & everything
    assert len(everything) == sum(len(fields(getattr(settings, s.name))) for s in fields(settings)) - len(
        COMFORT
    )
    faster = load(training={"workers": 9, "cache_gb": 9, "save_every_s": 9, "log_every": 9})
    assert faster.fingerprint() == settings.fingerprint()
    assert load(training={"warmup": 9}).fingerprint() != settings.fingerprint()
    assert keys(settings.canonical_json("training.workers")) == {
        "training.workers"
    }  # where asked for by name


@pytest.mark.parametrize(
    ("change", "start", "later"),
    [
        ({"training": {"learning_rate": 0.5}}, True, True),
        ({"training": {"workers": 7}}, False, False),
        ({"augmentation": {"scale": 0.2}}, True, True),
        ({"network": {"stem_channels": 7}}, True, True),
        ({"data": {"format": "s3dis"}}, True, True),
        ({"proposals": {"radius_m": 0.5}}, False, True),
        ({"recorrection": {"alpha": 0.5}}, False, True),
        ({"selftraining": {"rounds": 2}}, False, False),
        ({"selftraining": {"iterations": 2}}, False, True),
        ({"selftraining": {"start": "anew"}}, False, True),
        ({"selftraining": {"pseudo_weight": 0.5}}, False, True),
        ({"selftraining": {"pseudo_class_weight_power": 0.0}}, False, True),
        ({"pseudolabels": {"overlap_iou": 0.5}}, False, False),  # by way of the labels themselves
        ({"prediction": {"min_score": 0.5}}, False, False),
        ({"prediction": {"class_weight_power": 0.5}}, False, False),
        ({"proposals": {"class_trust": 1.0}}, False, False),  # by way of the labels, too
    ],
)
def test_what_a_training_depends_on(change: dict[str, Any], start: bool, later: bool) -> None:
    plain, changed = Settings(), load(**change)
    assert (plain.of_start_training() != changed.of_start_training()) == start
    assert (of_round(plain) != of_round(changed)) == later


def of_round(settings: Settings) -> str:
    return settings.of_round_training(pseudo_labels=True)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"pseudo_weight": 0.5}, False),
        ({"pseudo_class_weight_power": 0.0}, False),
        ({"paste": 3}, False),
        ({"labelled_per_step": 2}, True),
        ({"pseudo_per_step": 2}, True),
        ({"iterations": 2}, True),
    ],
)
def test_what_a_round_without_pseudo_labels_depends_on(change: dict[str, Any], counts: bool) -> None:
    plain, changed = (
        load(selftraining=section).of_round_training(pseudo_labels=False) for section in ({}, change)
    )
    assert (plain != changed) == counts


@pytest.mark.parametrize(
    ("passes", "labelled", "full", "steps"),
    [
        (0, 24, False, 10),
        (5, 3, False, 10),  # 8 would do
        (5, 5, False, 13),  # 12.5
        (5, 24, False, 30),
        (5, 24, True, 30),
        (0, 3, True, 30),
    ],
)
def test_the_start_sees_every_labelled_scene_often_enough(
    passes: int, labelled: int, full: bool, steps: int
) -> None:
    training = load(
        training={"iterations": 10, "iterations_full": 30, "passes": passes, "scenes_per_step": 2}
    ).training
    assert training.start_iterations(labelled, full) == steps


def test_pre_training_counts_where_a_run_starts_from_it() -> None:
    plain, longer = Settings(), load(pretraining={"iterations": 7}, views={"per_scan": 5})
    assert plain.of_start_training() == longer.of_start_training()
    starts = [settings.pretrained("pc").of_start_training() for settings in (plain, longer)]
    assert len({plain.of_start_training(), *starts}) == 3
    assert of_round(plain.pretrained("pc")) == of_round(plain)
    assert plain.pretrained("pc").of_pretraining() != plain.pretrained("csc").of_pretraining()
    for key in ("network", "augmentation", "views", "pretraining"):
        assert any(name.startswith(f"{key}.") for name in keys(plain.of_pretraining()))


def test_what_labels_depend_on() -> None:
    def differs(stage: int, **sections: Any) -> bool:
        return Settings().of_labelling(stage) != load(**sections).of_labelling(stage)

    for later_alone in (
        {"pseudolabels": {"overlap_iou": 0.5}},
        {"pseudolabels": {"outside": "argmax"}},
        {"proposals": {"radius_m": 0.5}},
        {"proposals": {"class_trust": 1.0}},
    ):
        assert not differs(1, **later_alone)
        assert differs(2, **later_alone)
    changed = {"semantic_threshold": 0.5, "initial": "supervoxels", "initial_share": 0.5}
    changed |= {"weighting": "confidence", "views": 2}
    for key, value in changed.items():  # outside kept proposals, later rounds label as the first
        assert differs(1, pseudolabels={key: value})
        assert differs(2, pseudolabels={key: value})
    assert not differs(1, network={"stem_channels": 8}), "the model says that"
    rising = {"pseudolabels": {"certainty_threshold": [0.1, 0.5, 0.9]}}
    assert [differs(stage, **rising) for stage in (1, 2, 3)] == [False, False, True]


@given(st.sampled_from([section.name for section in fields(Settings)]))
def test_canonical_json_of_a_section_is_sorted_and_whole(name: str) -> None:
    found = Settings().canonical_json(name)
    assert found == json.dumps(json.loads(found), sort_keys=True)
    names = {f"{name}.{entry.name}" for entry in fields(getattr(Settings(), name))}
    assert keys(found) == names - COMFORT


@pytest.mark.parametrize("name", ["pseudolabels.thresold", "pseudolabel"])
def test_what_no_setting_is_called_is_no_dependence(name: str) -> None:
    with pytest.raises(KeyError, match="no setting"):
        Settings().canonical_json(name)


# --- the configuration and the documentation as shipped ------------------------------------------

DATASETS = sorted(path.stem for path in (CONFIG / "datasets").glob("*.yaml"))
VARIANTS = sorted(read_yaml(CONFIG / "variants.yaml"))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_resolves(dataset: str) -> None:
    overrides = read_yaml(CONFIG / "config.yaml")["settings"]
    settings = Run.parse(f"{dataset}_5pct").resolve(CONFIG, overrides)
    assert settings == dataset_settings(dataset, CONFIG, overrides)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_changes_something(variant: str) -> None:
    plain, changed = (Run.parse(f"rooms_5pct{end}").resolve(CONFIG, {}) for end in ("", f"-{variant}"))
    assert plain.fingerprint() != changed.fingerprint()


def test_every_preset_is_some_data_sets() -> None:
    chosen = {read_yaml(CONFIG / "datasets" / f"{dataset}.yaml")["preset"] for dataset in DATASETS}
    assert chosen == {path.stem for path in (CONFIG / "presets").glob("*.yaml")}


def test_every_setting_is_explained() -> None:
    for section in fields(Settings):
        assert getattr(Settings(), section.name).__doc__
        for entry in fields(getattr(Settings(), section.name)):
            assert entry.metadata["why"], f"{section.name}.{entry.name}"


def test_the_page_of_settings_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """After a change of settings: python -m twist settings > docs/settings.md"""
    assert main(["settings"]) == 0
    printed = capsys.readouterr().out
    assert printed == settings_as_markdown()
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == printed


def test_the_page_holds_every_setting_with_default_and_range() -> None:
    page = settings_as_markdown()
    assert "| `learning_rate` | `0.004` | > 0 | at the peak [C] |" in page
    assert '| `optimizer` | `"adamw"` | adamw, sgd |' in page
    assert page.count("\n## ") == len(fields(Settings))


def test_settings_are_immutable() -> None:
    with pytest.raises(AttributeError):
        Settings().training.warmup = 3  # type: ignore[misc]
    assert replace(Settings().training, warmup=3).warmup == 3


def test_what_another_version_of_the_code_made_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def texts() -> list[str]:
        settings = Settings()
        return [*map(settings.of_labelling, (1, 2)), settings.of_prediction(), settings.of_own_scan()]

    def trainings() -> list[str]:
        settings = Settings()
        return [settings.of_start_training(), of_round(settings), settings.of_pretraining()]

    answers, trained = texts(), trainings()
    monkeypatch.setattr("twist.settings.INFERENCE_VERSION", 999)
    assert not set(answers) & set(texts())
    assert trainings() == trained
    monkeypatch.setattr("twist.settings.TRAINING_VERSION", 999)
    assert not set(trained) & set(trainings())
