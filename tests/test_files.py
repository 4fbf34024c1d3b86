"""Files: whole or not at all, damage is said, and locks live as long as their owner."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from twist import files
from twist.errors import TwistError


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestAtomicWrite:
    def test_writes_and_replaces(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "folder" / "a.txt"
        files.write_text(path, "Φ\n")
        files.write_text(path, "Ψ\n")
        assert everything_in(path.parent) == {"a.txt": "Ψ\n".encode()}

    def test_text_is_utf8_in_any_locale(self, tmp_path: Path) -> None:
        code = f"from twist.files import write_text; write_text({str(tmp_path / 'a')!r}, chr(0x3A6))"
        environment = os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        assert (tmp_path / "a").read_bytes() == "Φ".encode()

    def test_permissions_follow_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            files.write_text(tmp_path / "a", "x")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    def test_an_exception_inside_leaves_the_old_file_and_no_other(self, tmp_path: Path) -> None:
        files.write_text(tmp_path / "a", "old")

        def write_half() -> None:
            with files.atomic_write(tmp_path / "a") as handle:
                handle.write(b"half of the ne")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_half()
        assert everything_in(tmp_path) == {"a": b"old"}

    def test_the_old_file_stands_until_the_new_one_is_whole(self, tmp_path: Path) -> None:
        files.write_text(tmp_path / "a", "old")
        with files.atomic_write(tmp_path / "a") as handle:
            handle.write(b"new")
            handle.flush()
            assert (tmp_path / "a").read_bytes() == b"old"
        assert (tmp_path / "a").read_bytes() == b"new"

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_a_full_disk_names_the_file_and_leaves_the_old_one(
        self, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files.write_text(tmp_path / "a", "old")

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            with pytest.raises(TwistError, match=r"cannot write .*/a: No space left on device"):
                files.write_text(tmp_path / "a", "new")
        assert everything_in(tmp_path) == {"a": b"old"}

    def test_a_disk_that_fills_up_halfway(self, tmp_path: Path) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # the kernel refuses what goes beyond
        try:
            with pytest.raises(TwistError, match=r"cannot write .*/a: File too large"):
                files.write_npz(tmp_path / "a", {"x": np.zeros(100_000)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert everything_in(tmp_path) == {}

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(TwistError, match=r"cannot write .*/file/a"):
            files.write_text(tmp_path / "file" / "a", "x")

    def test_a_process_killed_inside_leaves_the_old_file(self, tmp_path: Path) -> None:
        files.write_text(tmp_path / "a", "old")
        code = (
            "import os, signal\n"
            "from twist.files import atomic_write\n"
            f"with atomic_write({str(tmp_path / 'a')!r}) as handle:\n"
            "    handle.write(b'half'); handle.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
        assert (tmp_path / "a").read_bytes() == b"old"


class TestJson:
    def test_round_trip_keeps_order_and_numbers(self, tmp_path: Path) -> None:
        value = {"b": [1, 0.1, None, "Φ"], "a": {"AP": 1 / 3}}
        files.write_json(tmp_path / "a.json", value)
        assert files.read_json(tmp_path / "a.json") == value
        assert list(files.read_json(tmp_path / "a.json")) == ["b", "a"]

    def test_nan_is_refused_and_nothing_written(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            files.write_json(tmp_path / "a.json", {"AP": float("nan")})
        assert everything_in(tmp_path) == {}

    def test_damage_is_said_with_line_and_column(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(json.dumps({"a": 1, "b": 2}, indent=1)[:-4])
        with pytest.raises(TwistError, match=r"a\.json:3:\d+: not valid JSON"):
            files.read_json(tmp_path / "a.json")

    @pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
    def test_a_missing_or_binary_file(self, content: bytes | None, tmp_path: Path) -> None:
        if content is not None:
            (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(TwistError, match=r"cannot read .*a\.json"):
            files.read_json(tmp_path / "a.json")


ARRAYS = {
    "x": np.arange(50, dtype=np.float32).reshape(25, 2),
    "name": np.array("Φ"),
    "none": np.zeros((0, 3)),
}


class TestNpz:
    @pytest.mark.parametrize("compress", [True, False])
    def test_round_trip(self, compress: bool, tmp_path: Path) -> None:
        files.write_npz(tmp_path / "a.npz", ARRAYS, compress=compress)
        again = files.read_npz(tmp_path / "a.npz")
        assert again.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(again[name], array, strict=True)

    def test_python_objects_are_not_written(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="'x' holds Python objects"):
            files.write_npz(tmp_path / "a.npz", {"x": np.array([{}], object)})
        assert everything_in(tmp_path) == {}

    def test_pickles_are_not_executed(self, tmp_path: Path) -> None:
        class Trap:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.mkdir, (str(tmp_path / "trapped"),)

        np.savez(tmp_path / "a.npz", x=np.array([Trap()], object))
        with pytest.raises(TwistError, match=r"a\.npz is damaged"):
            files.read_npz(tmp_path / "a.npz")
        assert not (tmp_path / "trapped").exists()

    @pytest.mark.parametrize("compress", [True, False])
    def test_a_file_cut_short_anywhere_is_damaged(self, compress: bool, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        files.write_npz(path, ARRAYS, compress=compress)
        whole = path.read_bytes()
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            with pytest.raises(TwistError, match=r"a\.npz is damaged"):
                files.read_npz(path)

    @pytest.mark.parametrize("compress", [True, False])
    def test_a_flipped_bit_is_damage_or_harmless(self, compress: bool, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        files.write_npz(path, ARRAYS, compress=compress)
        whole = path.read_bytes()
        noticed = 0
        for position in range(len(whole)):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << (position % 8)
            path.write_bytes(flipped)
            try:
                again = files.read_npz(path)
            except TwistError:
                noticed += 1
                continue
            for name in again.keys() & ARRAYS.keys():  # a flip may hide an array; whoever needs it misses it
                np.testing.assert_array_equal(again[name], ARRAYS[name], strict=True)
        assert noticed > 0.6 * len(whole)

    def test_other_files(self, tmp_path: Path) -> None:
        with pytest.raises(TwistError, match=r"none\.npz does not exist"):
            files.read_npz(tmp_path / "none.npz")
        (tmp_path / "text.npz").write_text("not an archive")
        np.save(tmp_path / "one.npy", np.zeros(3))
        (tmp_path / "one.npy").rename(tmp_path / "one.npz")
        for name in ("text.npz", "one.npz"):
            with pytest.raises(TwistError, match=f"{name} is damaged"):
                files.read_npz(tmp_path / name)

    def test_every_bit_of_an_arrays_header_counts(self, tmp_path: Path) -> None:
        """numpy's reader trusts a header's length and shape, and may never come to the checksum."""
        arrays = {
            "xyz": np.arange(300, dtype=np.float32).reshape(100, 3),
            "faces": np.zeros((0, 3), np.int32),
        }
        files.write_npz(tmp_path / "a.npz", arrays)
        sound = (tmp_path / "a.npz").read_bytes()
        for start in (match.start() for match in re.finditer(b"\x93NUMPY", sound)):
            for place in range(128):
                damaged = bytearray(sound)
                damaged[start + place] ^= 1 << place % 8
                (tmp_path / "b.npz").write_bytes(damaged)
                with pytest.raises(TwistError, match=r"b\.npz is damaged"):
                    files.read_npz(tmp_path / "b.npz")

    def test_arrays_of_any_form_come_back_as_they_were(self, tmp_path: Path) -> None:
        arrays = {
            "none": np.zeros((0, 3), np.int32),
            "scalar": np.array(7.0),
            "text": np.array(["a", "Φ"]),
            "columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
            "large_ends": np.arange(5, dtype=">i4"),
        }
        np.savez_compressed(tmp_path / "a.npz", **arrays)
        for name, array in files.read_npz(tmp_path / "a.npz").items():
            np.testing.assert_array_equal(array, arrays[name])
            assert (array.dtype, array.strides) == (arrays[name].dtype, arrays[name].strides)
            assert array.flags.writeable

    def test_what_cannot_be_read_is_not_called_damaged(self, tmp_path: Path) -> None:
        (tmp_path / "folder.npz").mkdir()
        with pytest.raises(TwistError, match=r"cannot read .*folder\.npz: Is a directory"):
            files.read_npz(tmp_path / "folder.npz")


def test_read_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("scene0001_00\r\n\nscene0002_01")
    assert files.read_names(tmp_path / "a.txt") == ("scene0001_00", "scene0002_01")
    with pytest.raises(TwistError, match=r"cannot read .*b\.txt"):
        files.read_names(tmp_path / "b.txt")


def test_an_umlaut_of_two_characters_is_a_letter() -> None:
    decomposed = unicodedata.normalize("NFD", "küche_1")
    assert files.plain_names([decomposed], "list") == (decomposed,)


def test_text_tells_of_names_that_are_no_text(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a", os.fsdecode(b"caf\xe9"))
    assert (tmp_path / "a").read_text() == "caf\\udce9"


def test_file_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")  # the standard's own example
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.file_sha256(tmp_path / "a") == expected


class TestLock:
    """Two processes that print when they hold the lock; the second one waits."""

    @contextmanager
    def holder(self, path: Path) -> Iterator[subprocess.Popen[str]]:
        code = (
            "from twist.files import exclusive_lock\n"
            f"with exclusive_lock({str(path)!r}, 'the training'):\n"
            "    print('held', flush=True); input()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @pytest.mark.parametrize("end", ["released", "killed"])
    def test_a_second_process_waits_until_the_owner_ends(self, end: str, tmp_path: Path) -> None:
        path = tmp_path / "work" / ".lock"
        with self.holder(path) as first:
            assert first.stdout.readline() == "held\n"
            with self.holder(path) as second:
                said = second.stdout.readline()
                assert f"the training is being worked on by process {first.pid} " in said
                assert "waiting" in said
                if end == "killed":
                    os.kill(first.pid, signal.SIGKILL)
                else:
                    first.stdin.write("\n")
                    first.stdin.flush()
                assert second.stdout.readline() == "held\n"
                assert f"process {second.pid} " in path.read_text()

    def test_it_is_free_again_after_an_exception(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), files.exclusive_lock(tmp_path / "l", "it"):
            raise ZeroDivisionError
        with files.exclusive_lock(tmp_path / "l", "it"):
            assert f"process {os.getpid()} " in (tmp_path / "l").read_text()
