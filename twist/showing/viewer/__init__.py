"""The 3D page: scans and what was said of them, in one HTML file that opens from disk."""

from __future__ import annotations

from twist.showing.viewer.page import write_viewer
from twist.showing.viewer.scenes import Labelling, ViewedScene

__all__ = ["Labelling", "ViewedScene", "write_viewer"]
