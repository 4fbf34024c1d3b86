"""TWIST: semi-supervised 3D instance segmentation by two-way inter-label self-training."""

from twist.regions import Regions
from twist.scene import Scene

__all__ = ["Regions", "Scene", "__version__"]
__version__ = "0.1.0"
