"""Submissions to ScanNet's instance benchmark: a folder or a zip of the files in ``twist.formats.results``.

All ``SCENE.txt`` lie at the root, their masks in a folder below it; there is nothing else.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import atomic_write
from twist.formats.report import some
from twist.formats.results import UNREADABLE, Place, prediction_files, write_predictions
from twist.regions import Regions

#: The official script leaves this file among the predictions.
OFFICIAL_REPORT = "semantic_instance_evaluation.txt"


def write_submission(
    out: str | Path, scenes: Iterable[tuple[str, Regions]], table: ClassTable
) -> tuple[int, int]:
    """Write a submission: a zip if ``out`` ends in ``.zip``, else a new folder. Returns scenes, predictions.

    scenes: (name, predictions), taken one at a time; a scene without predictions gets an empty file
    The same predictions give the same zip, byte for byte: dates and modes are fixed. A folder has no such
    guarantee of being whole when the process is killed.
    Raises TwistError for a folder that holds something already and as ``prediction_files``.
    """
    out, counts = Path(out), []
    if out.suffix.lower() != ".zip":
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise TwistError(f"{out} is there already; a submission goes into a new folder or a .zip")
        for name, predictions in scenes:
            write_predictions(out / f"{name}.txt", predictions, table)
            counts.append(len(predictions))
        return len(counts), sum(counts)
    with atomic_write(out) as handle, zipfile.ZipFile(handle, "w") as archive:
        for name, predictions in scenes:
            for file, content in prediction_files(name, predictions, table):
                archive.writestr(_entry(file), content)
            counts.append(len(predictions))
    return len(counts), sum(counts)


def _entry(name: str) -> zipfile.ZipInfo:
    """A compressed file, dated 1980, readable by all."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry


@contextmanager
def open_submission(path: str | Path) -> Iterator[Place]:
    """The root of a submission to read from: a folder or a zip.

    Raises TwistError for what is neither, and where the files lie one folder deeper.
    """
    path = Path(path)
    if path.is_dir():
        _check_root(path, path)
        yield path
        return
    if not path.is_file():
        raise TwistError(f"{path} is not a folder and not a zip")
    try:
        archive = zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise TwistError(f"{path} cannot be read as a zip: {error}; is it truncated?") from error
    with archive:
        dotted = all(name.startswith("./") for name in archive.namelist())  # as some tools name what is here
        root = zipfile.Path(archive, "./" if dotted else "")
        _check_root(root, path)
        yield root


def _check_root(root: Place, path: Path) -> None:
    """Raises TwistError where the scenes lie in a folder of their own, as zips of a folder have them."""
    if scenes_of(root):
        return
    folders = [place for place in root.iterdir() if place.is_dir() and place.name != "__MACOSX"]
    if len(folders) == 1 and scenes_of(folders[0]):
        raise TwistError(
            f"{path}: the scenes' files lie in {folders[0].name}/, and the benchmark looks for them at the "
            "root: zip the content of the folder, not the folder"
        )


def scenes_of(root: Place) -> set[str]:
    """Names of the scenes that have a file at the root of a submission or of ground truth."""
    return {
        file.name.removesuffix(".txt")
        for file in root.iterdir()
        if file.name.endswith(".txt")
        and file.is_file()
        and not file.name.startswith(".")
        and file.name != OFFICIAL_REPORT
    }


def same_scenes(wanted: set[str], wanted_in: str | Path, found: set[str], found_in: str | Path) -> list[str]:
    """The names, sorted. Raises TwistError listing scenes that only one side has, and for none.

    The official script would leave out scenes without predictions, and the score would come out too high.
    """
    alone = [(wanted - found, wanted_in), (found - wanted, found_in)]
    complaints = [f"only in {place}: {some(sorted(names), 10)}" for names, place in alone if names]
    if complaints:
        raise TwistError(
            f"ground truth and predictions must cover the same scenes; {'; '.join(complaints)} "
            "(a scene without predictions needs an empty file at the root)"
        )
    if not wanted:
        raise TwistError(f"no scene files (*.txt) at the root of {wanted_in} and {found_in}")
    return sorted(wanted)
