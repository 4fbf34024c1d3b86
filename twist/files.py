"""Whole-or-nothing writing, reading that says what is wrong, and locks that die with their owner."""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import io
import json
import math
import os
import re
import tempfile
import tokenize
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from twist.errors import TwistError

#: What zipfile and zlib raise for damaged bytes; RuntimeError: flags that a flipped bit has set.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
#: What numpy raises, beside ValueError, for a header that is no Python.
_NO_HEADER = (TypeError, KeyError, SyntaxError, tokenize.TokenError, RecursionError)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def unlinked(path: str | Path) -> Path:
    """The absolute path as it was given: ".." taken out, links not followed. A linked scan keeps its name."""
    return Path(os.path.abspath(path))


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path``; on a clean exit it is fsynced and renamed onto ``path``.

    A reader sees the old file or the whole new one, never a part, also after a power cut.
    Raises TwistError naming the file when the disk is full or not writable; ``path`` is then untouched.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.fchmod(descriptor, 0o666 & ~_umask())
        # Names of files may hold bytes that are no UTF-8; text that tells of them is written all the same.
        text = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace"}
        with os.fdopen(descriptor, mode, **text) as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
        temporary = None
        _fsync_folder(path.parent)
    except OSError as error:
        raise TwistError(
            f"cannot write {path}: {error.strerror or error}; the file was left as it was"
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def remove_unfinished(path: Path) -> None:
    """Delete what killed writers of ``path`` left beside it; for whoever alone may write it now."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        part.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot; the file is in its place all the same
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: str | Path, text: str) -> None:
    with atomic_write(path, "w") as handle:
        handle.write(text)


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON, keys in their order. NaN is refused: JSON has none (use None)."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON; a missing or broken file raises TwistError with file, line and column."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise TwistError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON ({error.msg}); is it truncated?"
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # not text, absurd numbers, absurd nesting
        raise TwistError(f"cannot read {path}: {error}") from error


def write_npz(path: str | Path, arrays: dict[str, np.ndarray], *, compress: bool = False) -> None:
    """Write arrays as one npz, atomically. Object arrays are refused: npz here never holds pickles."""
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"{path}: array {name!r} holds Python objects")
    save: Callable[..., None] = np.savez_compressed if compress else np.savez
    with atomic_write(path) as handle:
        save(handle, **arrays)


def read_npz(path: str | Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read every array of an npz, or those of some names that it has. Pickles are refused; a missing or
    damaged file raises TwistError.

    The zip's own checksum of each array is verified.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            there = [entry.removesuffix(".npy") for entry in archive.namelist() if entry.endswith(".npy")]
            wanted = there if names is None else [name for name in names if name in there]
            return {name: array_of_npy(archive.read(f"{name}.npy")) for name in wanted}
    except FileNotFoundError as error:
        raise TwistError(
            f"{path} does not exist: the workflow step that makes it has not run, or it was deleted; what to "
            "delete with it, to have it made anew: docs/troubleshooting.md#a-file-is-damaged-or-gone"
        ) from error
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: an absurd offset
            raise TwistError(f"cannot read {path}: {error.strerror}") from error
        raise TwistError(
            f"{path} is damaged ({error}); what to delete with it, to have it made anew: "
            "docs/troubleshooting.md#a-file-is-damaged-or-gone"
        ) from error


def array_of_npy(data: bytes) -> np.ndarray:
    """The array of a whole npy file. Raises ValueError for what is none, or another number of bytes than its
    header announces: numpy's own reader takes a part, and before a zip has compared its checksum.
    """
    stream = io.BytesIO(data)
    try:
        read_header = _HEADERS[np.lib.format.read_magic(stream)]
        shape, in_columns, dtype = read_header(stream)
    except _NO_HEADER as error:
        raise ValueError(f"no header of an array: {error}") from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    start = stream.tell()
    if math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"{len(data) - start} bytes for an array {dtype}{shape}")
    order: Literal["F", "C"] = "F" if in_columns else "C"
    return np.ndarray(shape, dtype, data, start, order=order).copy(order="K")


def read_names(path: str | Path) -> tuple[str, ...]:
    """Names of a text file, one a line, as the workflow's own lists hold them."""
    try:
        names = Path(path).read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    return plain_names(names, path)


def plain_names(names: Iterable[str], where: str | Path) -> tuple[str, ...]:
    """The names of scenes, which are also names of files and words of command lines.

    Letters and digits of any script and ``_ - .``, the last two not in front: such a name never leaves its
    folder, is no option, and means nothing to a shell. Raises TwistError naming another and ``where``.
    """
    names = tuple(names)
    for name in names:
        # macOS writes an umlaut as two characters, of which the second is no letter
        if not re.fullmatch(r"\w[\w.-]*", unicodedata.normalize("NFC", name)):
            raise TwistError(f"{where}: {name!r} is no scene name (letters, digits, _ - . only)")
    return names


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises TwistError for a file that cannot be read."""
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror}") from error


def try_lock(handle: IO[Any] | int, *, shared: bool = False) -> bool:
    """Lock an open file or folder, if no other process is in the way; the kernel unlocks it at its end.

    Raises TwistError where the file system knows no locks.
    """
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        name = handle if isinstance(handle, int) else handle.name
        raise TwistError(
            f"cannot lock {name} ({error.strerror}): results must lie on a file system with locks; "
            "mount Lustre with -o flock"
        ) from error
    return True


@contextmanager
def exclusive_lock(path: str | Path, what: str) -> Iterator[None]:
    """Hold an exclusive advisory lock on ``path`` while inside; the kernel drops it however the owner dies.

    While another live process holds it, this one waits and says so: an orphan of a killed workflow and its
    successor never work on ``what`` together.
    """
    with _locked(path, what, shared=False):
        yield


@contextmanager
def exclusive_lock_if_free(path: str | Path) -> Iterator[bool]:
    """Whether no other process holds a lock on ``path``, which is then held exclusively while inside."""
    with _lock_file(path) as handle:
        yield try_lock(handle)


@contextmanager
def shared_lock(path: str | Path, what: str) -> Iterator[None]:
    """As ``exclusive_lock``, but beside others that hold it shared."""
    with _locked(path, what, shared=True):
        yield


@contextmanager
def _locked(path: str | Path, what: str, *, shared: bool) -> Iterator[None]:
    with _lock_file(path) as handle:
        if not try_lock(handle, shared=shared):
            handle.seek(0)
            owner = handle.read().strip() or "another process"
            print(f"{what} is being worked on by {owner}; waiting for it to end ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {os.uname().nodename}")
        handle.flush()
        yield


def _lock_file(path: str | Path) -> IO[str]:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return open(path, "a+", encoding="utf-8")
