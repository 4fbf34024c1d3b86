"""The page that tells what a raw data set holds and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from twist.showing.tables import as_markdown

_PART_NAMES = {"train": "training", "val": "scored"}


def inspection_page(found: Mapping[str, Any], parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The whole page. found: ``Inspection.as_json()``; parts: facts of the scans that were read, by part."""
    sections = [inspection_summary(found, parts), *_lines("Notes", found["notes"])]
    odd = [note for scan in found["scans"].values() for note in scan["notes"]]
    sections += _lines("Odd files", odd)
    rows = [_scan_row(name, scan["facts"]) for name, scan in found["scans"].items() if scan["facts"]]
    if rows:
        sections.append("## Scans\n\n" + as_markdown(rows, list(rows[0])))
    return "\n\n".join(sections) + "\n"


def inspection_summary(found: Mapping[str, Any], parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Problems, totals, classes and density: what the terminal shows."""
    problems = all_problems(found)
    how = "names, sizes and headers of the files" if found["quick"] else "every file in full"
    sections = [
        f"# {found['dataset']}: raw data in {found['raw']}",
        f"Looked at: lists, label map, and {how}.",
    ]
    sections += _lines(f"Problems: {len(problems)}", problems) or ["No problems."]
    rows = [_part_row(part, facts, len(found["lists"][part])) for part, facts in parts.items()]
    sections.append("## Scenes\n\n" + as_markdown(rows, list(rows[0])))
    if found["labelled"]:
        listed = ", ".join(f"{count} at {ratio} %" for ratio, count in found["labelled"].items())
        sections.append(f"Lists of labelled scenes: {listed}.")
    if any(parts.values()):
        rows = _class_rows(found["classes"], parts)
        sections.append("## Labels\n\n" + as_markdown(rows, list(rows[0])))
    if found["density"]:
        sections.append("## Density\n\n" + _density(found["density"], found["advice"]))
    return "\n\n".join(sections)


def all_problems(found: Mapping[str, Any]) -> list[str]:
    """Problems of the data set and of each scan."""
    return found["problems"] + [problem for scan in found["scans"].values() for problem in scan["problems"]]


def _lines(title: str, lines: Sequence[str]) -> list[str]:
    return ["\n".join([f"## {title}", "", *(f"- {line}" for line in lines)])] if lines else []


def _part_row(part: str, facts: Sequence[Mapping[str, Any]], listed: int) -> dict[str, str]:
    points = sorted(scan["points"] for scan in facts)
    sides = [sorted(scan["extent_m"][axis] for scan in facts) for axis in range(3)]
    colours = [value for scan in facts for value in scan["colours"]]
    return {
        "scenes": _PART_NAMES[part],
        "listed": str(listed),
        "read": str(len(facts)),
        "points (least, median, most)": _spread(points, "{:d}"),
        **{f"{axis} (m)": _spread(side, "{:.1f}") for axis, side in zip("xyz", sides, strict=True)},
        "colours": f"{min(colours)} to {max(colours)}" if colours else "",
    }


def _spread(ordered: Sequence[float], form: str) -> str:
    if not ordered:
        return ""
    return ", ".join(form.format(value) for value in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))


def _class_rows(
    classes: Sequence[str], parts: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, str]]:
    """A row a class: share of the points, scans that hold it, instances of 100 points and more."""
    rows = {name: {"class": name} for name in (*classes, "unlabelled")}
    for part, facts in parts.items():
        points: Counter[str] = Counter()
        scans: Counter[str] = Counter()
        instances: Counter[str] = Counter()
        for scan in facts:
            points.update(scan["class_points"] | {"unlabelled": scan["unlabelled"]})
            scans.update(scan["class_points"].keys())
            instances.update(scan["instances"])
        for name, row in rows.items():
            what = _PART_NAMES[part]
            row[f"{what}: points"] = f"{points[name] / max(1, points.total()):.2%}"
            row[f"{what}: scans"], row[f"{what}: instances"] = str(scans[name]), str(instances[name])
    return list(rows.values())


def _scan_row(name: str, facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        "scan": name,
        "points": str(facts["points"]),
        "faces": str(facts["faces"]),
        "size (m)": " × ".join(f"{side:.1f}" for side in facts["extent_m"]),
        "colours": "{} to {}".format(*facts["colours"]),
        "classes": str(len(facts["class_points"])),
        "instances": str(sum(facts["instances"].values())),
        "unlabelled": f"{facts['unlabelled'] / facts['points']:.1%}",
        "labels file agrees": "" if facts["label_agreement"] is None else f"{facts['label_agreement']:.2%}",
    }


def _density(density: Mapping[str, Any], advice: Sequence[str]) -> str:
    known = {key: value for key, value in density.items() if value is not None}
    lines = [f"Medians over {density['scans']} scans:"]
    if "nearest_m" in known:
        lines.append(f"points lie {100 * known['nearest_m']:.2g} cm from their nearest neighbour;")
    if "reach_m" in known:
        lines.append(f"90 % have three neighbours within {100 * known['reach_m']:.2g} cm,")
    lines.append(f"and {known['linked']:.0%} within `proposals.radius_m`;")
    lines.append(f"a scan fills {known['voxels']:.0f} voxels.")
    if "instance_points" in known:
        size = f"{known['instance_points']:.0f} points and {known['instance_voxels']:.0f} voxels"
        lines.append(f"The median annotated instance has {size}.")
    text = " ".join(lines)
    if not advice:
        return text + " Voxel size, radius and least points fit that."
    return text + "\n\n" + "\n".join(f"- {line}." for line in advice)
