"""Advice for the agent: platform, heading, urgency, and the words that say so (R-083). Never an action."""

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
