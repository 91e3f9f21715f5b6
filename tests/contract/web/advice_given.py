"""What the house's classifier says, unless a story has it say something else."""

from __future__ import annotations

SUGGESTION = {
    "platform": "110",
    "hotlines": [],
    "category": "治安案件",
    "categories": [{"name": "治安案件", "p": 0.8}],
    "department": None,
    "level": 2,
    "danger": False,
    "confidence": 0.8,
    "action": "one_key_110",
    "evidence": [{"start": 0, "end": 2, "text": "打架", "rule": "violence.fight"}],
    "version": "test",
}
REASON = {"zh": "打架", "en": "a fight", "rule": "violence.fight"}
