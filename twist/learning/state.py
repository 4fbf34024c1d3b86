"""The saved state of a training: two checksummed slots, so that a whole one always exists."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from twist.errors import TwistError
from twist.files import atomic_write, remove_unfinished
from twist.network.model import load_tensors

_MAGIC = b"twist-state-1\n"


class StateFolder:
    """Keeps the last two states of one training in a folder.

    A save goes to the older slot and is renamed into place when whole; damage to one slot (a torn disk, a
    flipped bit) is found by its checksum and the other slot is used. ``origin`` says what the training was
    started from; a state of another origin is never continued.
    """

    def __init__(self, folder: Path, origin: dict[str, str], report: Any = print) -> None:
        self.slots = (folder / "state.0", folder / "state.1")
        self.origin, self.report = origin, report
        self._next = 0

    def save(self, content: dict[str, Any]) -> None:
        """Write over the older slot. Raises TwistError when the disk is full; both slots stay whole."""
        buffer = io.BytesIO()
        torch.save(content | {"origin": self.origin}, buffer)
        payload = buffer.getvalue()
        with atomic_write(self.slots[self._next]) as handle:
            handle.write(_MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n")
            handle.write(payload)
        self._next = 1 - self._next

    def load(self) -> dict[str, Any] | None:
        """The newest whole state of the same origin, or None: then the training starts from the beginning."""
        best = None
        for number, slot in enumerate(self.slots):
            remove_unfinished(slot)
            content = self._read(slot)
            if content is not None and (best is None or content["step"] > best["step"]):
                best, self._next = content, 1 - number
        return best

    def _read(self, slot: Path) -> dict[str, Any] | None:
        try:
            raw = slot.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.report(f"{slot} cannot be read ({error.strerror}); it is not used")
            return None
        head = len(_MAGIC) + 65
        digest = raw[len(_MAGIC) : head - 1].decode(errors="replace")
        if not raw.startswith(_MAGIC) or hashlib.sha256(raw[head:]).hexdigest() != digest:
            self.report(f"{slot} is damaged (its checksum does not fit); it is not used")
            return None
        try:
            content = load_tensors(raw[head:])
        except TwistError as error:
            self.report(f"{slot}: {error}; it is not used")
            return None
        changed = sorted(
            key
            for key in self.origin.keys() | content["origin"].keys()
            if self.origin.get(key) != content["origin"].get(key)
        )
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            what = ", ".join(changed[:3]) + more
            self.report(f"{slot} was started from another {what}; it is not used")
            return None
        return content
