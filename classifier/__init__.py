"""Advice for the agent: platform, heading, urgency, and the words that say so (R-083). Never an action.

It computes on one thread unless the environment says otherwise: a second one waits for the first as often as it helps,
and a call's suggestion must not starve the calls.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported: so before the modules below

from classifier.suggest import classify, labels, version
from classifier.suggestion import Action, CategoryShare, Evidence, Platform, Reason, Suggestion

__all__ = [
    "Action",
    "CategoryShare",
    "Evidence",
    "Platform",
    "Reason",
    "Suggestion",
    "classify",
    "labels",
    "version",
]
