"""Endings of the files in a ScanNet v2 scan's folder; each begins with the scan's name."""

MESH = "_vh_clean_2.ply"
LABELS = "_vh_clean_2.labels.ply"
#: ScanNet's setting of its mesh segmentation that names the file of segments.
SEGMENTS_K = 0.01
SEGMENTS = f"_vh_clean_2.{SEGMENTS_K:.6f}.segs.json"
OBJECTS = ".aggregation.json"
FACTS = ".txt"
