"""The WebGL library of the 3D page: three.js, out of the installed package k3d, which carries it whole."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from twist.errors import TwistError

_BUNDLE = Path("static", "standalone.js")


def library_source() -> str:
    """JavaScript that defines the AMD module ``k3d``, whose ``ThreeJsProvider.THREE`` is three.js.

    k3d itself is not imported: it loads ipywidgets, and only this file of it is needed.
    Raises TwistError where the package is not installed or has no such file.
    """
    spec = find_spec("k3d")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder is None or not (folder / _BUNDLE).is_file():
        raise TwistError(
            "the 3D page takes its WebGL library from the package k3d, which is missing or has no "
            f"{_BUNDLE}; install the version pinned in envs/requirements.txt"
        )
    return (folder / _BUNDLE).read_text(encoding="utf-8")
