"""What people do with a call, if nothing breaks: one row a story.

An act waits until its phase is reached, then for its time. Phases are what the phones see, not what a platform says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callflow.domain.names import Phase


class Do(StrEnum):
    """What somebody does."""

    KEY = "key"
    CANCEL = "cancel"
    STAY = "stay"
    LEAVE = "leave"
    DANGER = "danger"
    CONSULT = "consult"
    JOIN = "join"
    OWN = "own"  # both sides press "ours" at once
    HAND_BACK = "hand_back"
    FOURTH = "fourth"  # the fire brigade as a fourth party
    DROP_TARGET = "drop_target"
    DROP_FOURTH = "drop_fourth"
    OWN_LINE = "own_line"  # our agent's phone: hold, and a second call to the target
    TRANSFER = "transfer"  # REFER with Replaces: the caller to the second line's far end
    BACK_TO_HIM = "back_to_him"  # the second line ends, the caller is taken back
    CALLER_GOES = "caller_goes"
    AGENT_GOES = "agent_goes"
    TARGET_GOES = "target_goes"


class Does(StrEnum):
    """What the target's phone does when it rings."""

    ANSWER = "answer"
    BUSY = "busy"
    REJECT = "reject"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Act:
    """`do`, `after_s` seconds into one of the phases. `way`: desk, phone_key or refer."""

    do: Do
    when: frozenset[Phase]
    after_s: float
    way: str = "desk"
    kind: str = "one_key"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target does when it rings, after this time."""

    does: Does
    after_s: float


@dataclass(frozen=True, slots=True)
class Story:
    """One row. `answers`: the target's, attempt by attempt; the last one holds for all later ones."""

    name: str
    acts: tuple[Act, ...]
    answers: tuple[Answer, ...] = (Answer(Does.ANSWER, 0.8),)
    first_answer_s: float = 0.6
    next_answer_s: float = 0.8
    only_at: str = ""  # the platform that is rung, if it is not all one


Q, T, I = frozenset({Phase.QUEUED}), frozenset({Phase.TALKING}), frozenset({Phase.INVITING})  # noqa: E741 - phases
W, H = frozenset({Phase.THREE_WAY}), frozenset({Phase.HANDED_OVER})
C = frozenset({Phase.CONSULTING})
ALONE = frozenset({Phase.WAITING, Phase.RECALLING})
TOGETHER = W | H

ANSWERS, SLOWLY = Answer(Does.ANSWER, 0.8), Answer(Does.ANSWER, 2.2)
BUSY, REJECTS, IGNORES = Answer(Does.BUSY, 0.1), Answer(Does.REJECT, 0.5), Answer(Does.IGNORE, 0.0)


def _key(way: str = "desk", kind: str = "one_key", after_s: float = 0.8) -> Act:
    return Act(Do.KEY, T, after_s, way, kind)


def _goes(who: Do, when: frozenset[Phase], after_s: float = 1.2) -> Act:
    return Act(who, when, after_s)


_CALLER_GOES, _TARGET_GOES = _goes(Do.CALLER_GOES, H), _goes(Do.TARGET_GOES, H)
_LEAVES_THREE, _LEAVES_TWO = _goes(Do.CALLER_GOES, W), _goes(Do.CALLER_GOES, T, 0.8)
_TO_THREE = _key(kind="three_party")
_ASKS, _OWN_LINE = Act(Do.CONSULT, T, 0.8), Act(Do.OWN_LINE, T, 0.8)
_FOURTH = Act(Do.FOURTH, W, 0.6)

_ROWS = (
    Story("talks and goes", (_goes(Do.CALLER_GOES, T),), first_answer_s=1.0),
    Story("agent says goodbye", (_goes(Do.AGENT_GOES, T),), first_answer_s=1.2),
    Story("gives up in the queue", (_goes(Do.CALLER_GOES, Q, 1.6),), first_answer_s=4.0),
    Story("one key at the desk", (_key(), _CALLER_GOES)),
    Story("one key, the target ends it", (_key(), _TARGET_GOES)),
    Story("one key on the phone", (_key("phone_key"), _CALLER_GOES)),
    Story("one key on the phone, he leaves himself", (_key("phone_key"), _goes(Do.AGENT_GOES, W), _TARGET_GOES)),
    Story("three-party, the target leaves", (_TO_THREE, _goes(Do.TARGET_GOES, W), _LEAVES_TWO)),
    Story("three-party, our agent leaves", (_TO_THREE, Act(Do.LEAVE, W, 1.0), _CALLER_GOES)),
    Story("three-party, both want it", (_TO_THREE, Act(Do.OWN, W, 0.5), _LEAVES_THREE)),
    Story("three-party, the caller leaves", (_key("phone_key", "three_party"), _LEAVES_THREE)),
    Story("stays", (_key(), Act(Do.STAY, I, 0.3), _goes(Do.CALLER_GOES, W, 2.0))),
    Story("agent leaves while it rings", (_key(), _goes(Do.AGENT_GOES, I, 0.6), _CALLER_GOES), (SLOWLY,)),
    Story(
        "agent leaves, target rejects", (_key(), _goes(Do.AGENT_GOES, I, 0.4), _LEAVES_TWO), (REJECTS,),
        next_answer_s=1.6,
    ),
    Story("transfer key", (_key("refer"), _CALLER_GOES), (SLOWLY,)),
    Story("transfer key, nobody answers", (_key("refer"), _LEAVES_TWO), (IGNORES,), next_answer_s=1.6),
    Story("transfer key, busy", (_key("refer"), _LEAVES_TWO), (BUSY,), next_answer_s=1.8),
    Story("transfer key to three", (_key("refer", "three_party"), _LEAVES_THREE), (SLOWLY,)),
    Story("caller gives up alone", (_key("refer"), _goes(Do.CALLER_GOES, ALONE, 1.0)), (SLOWLY,)),
    Story("busy, then three-party", (_key(), _key(kind="three_party", after_s=1.2), _LEAVES_THREE), (BUSY, ANSWERS)),
    Story("cancelled", (_key(), Act(Do.CANCEL, I, 0.6), _LEAVES_TWO), (SLOWLY,)),
    Story(
        "cancelled on the phone", (_key("phone_key"), Act(Do.CANCEL, I, 0.6, "phone_key"), _LEAVES_TWO), (SLOWLY,)
    ),
    Story("caller goes while it rings", (_key(), _goes(Do.CALLER_GOES, I, 0.6)), (SLOWLY,)),
    Story("danger at the desk", (Act(Do.DANGER, T, 0.6), _LEAVES_THREE), only_at="12345"),
    Story(
        "danger on the phone", (Act(Do.DANGER, T, 0.6, "phone_key"), _goes(Do.CALLER_GOES, I, 0.5)), (SLOWLY,),
        only_at="12345",
    ),
    Story("hand-back", (_key(), Act(Do.HAND_BACK, H, 0.8), _goes(Do.CALLER_GOES, TOGETHER, 3.0))),
    Story("asks privately, then all three", (_ASKS, Act(Do.JOIN, C, 1.5), _LEAVES_THREE)),
    Story("asks privately, the target goes", (_ASKS, _goes(Do.TARGET_GOES, C, 1.5), _LEAVES_TWO)),
    Story("asks privately, then leaves him there", (_ASKS, _goes(Do.AGENT_GOES, C, 1.5), _CALLER_GOES)),
    Story("three-party, the target is dropped", (_TO_THREE, Act(Do.DROP_TARGET, W, 1.0), _LEAVES_TWO)),
    Story("four, the fire brigade is dropped", (_TO_THREE, _FOURTH, Act(Do.DROP_FOURTH, W, 1.0), _LEAVES_THREE)),
    Story("four, the target is dropped", (_TO_THREE, _FOURTH, Act(Do.DROP_TARGET, W, 1.0), _LEAVES_THREE)),
    Story("four, our agent leaves", (_TO_THREE, _FOURTH, Act(Do.LEAVE, W, 1.0), _CALLER_GOES)),
    Story("own line, then transfers him", (_OWN_LINE, Act(Do.TRANSFER, C, 1.2), _CALLER_GOES)),
    Story("own line, then goes back to him", (_OWN_LINE, Act(Do.BACK_TO_HIM, C, 1.2), _LEAVES_TWO)),
    Story(
        "own line, the target goes",
        (_OWN_LINE, _goes(Do.TARGET_GOES, C, 1.2), Act(Do.BACK_TO_HIM, T, 0.2), _LEAVES_TWO),
    ),
)  # fmt: skip

STORIES = {story.name: story for story in _ROWS}

VISITORS: dict[Phase, tuple[str, ...]] = {
    Phase.QUEUED: ("gives up in the queue",),
    Phase.TALKING: ("talks and goes", "one key at the desk", "one key on the phone"),
    Phase.INVITING: ("one key at the desk", "one key on the phone", "caller goes while it rings", "stays"),
    Phase.CONSULTING: (
        "asks privately, then all three", "asks privately, the target goes", "asks privately, then leaves him there",
        "own line, then transfers him", "own line, then goes back to him", "own line, the target goes",
    ),
    Phase.THREE_WAY: (
        "three-party, both want it", "stays", "three-party, the target leaves", "busy, then three-party",
        "three-party, the target is dropped", "four, the fire brigade is dropped", "four, the target is dropped",
    ),
    Phase.WAITING: ("transfer key", "agent leaves while it rings", "transfer key to three"),
    Phase.HANDED_OVER: (
        "one key at the desk", "one key, the target ends it", "transfer key", "own line, then transfers him",
        "four, our agent leaves", "three-party, our agent leaves", "agent leaves while it rings",
    ),
    Phase.RECALLING: ("transfer key, busy", "agent leaves, target rejects", "transfer key to three"),
    Phase.AGENTS_ONLY: ("three-party, the caller leaves", "three-party, both want it"),
}  # fmt: skip
"""The stories that pass through a phase for long enough to be struck there."""

PASSERS_BY = tuple(name for name in STORIES if not any(name in names for names in VISITORS.values()))
"""The other stories: nobody stays anywhere in them."""
