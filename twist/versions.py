"""Versions of the code that makes results, kept with what it makes.

What is on disk is taken for current while these, its settings and its sources stay the same. A change of code
that changes what a part makes raises its number, and the results are made anew.
"""

#: The generator's scans.
GENERATOR_VERSION = 2
#: Prepared scenes and their supervoxels.
PREPARATION_VERSION = 2
#: Views for pre-training.
VIEWS_VERSION = 2
#: Models and pre-trained backbones; a training begun with another version starts anew.
TRAINING_VERSION = 2
#: Proposals, and with them pseudo-labels and predictions.
INFERENCE_VERSION = 2
#: Scores, and the diagnosis of pseudo-labels.
SCORING_VERSION = 1
