"""Rules as a floor: a strong danger cue stands unless the heads clear the text and its own sentence."""

from collections.abc import Callable

from classifier.hits import Hit
from classifier.lexicon import Kind
from classifier.normalise import PlainText

BY_ITSELF = 0.5  # of danger: from here on a cue's own sentence stands, whatever the whole text sounds like


def cries(
    text: PlainText, hits: tuple[Hit, ...], danger: float, clear_below: float, of_sentence: Callable[[str], float]
) -> tuple[Hit, ...]:
    """The strong live cues that count. What is said elsewhere cannot clear a cry: its own sentence must, too.

    Args:
        text: the whole text.
        hits: everything found in it.
        danger: what the heads think of the whole.
        clear_below: from here on the whole carries every cue; below it a cue needs its own sentence.
        of_sentence: what they think of a sentence by itself.
    """
    strong = tuple(hit for hit in hits if hit.group.kind is Kind.DANGER and hit.is_strong)
    if not strong or danger >= clear_below:
        return strong
    places = [text.sentence(hit.start, hit.end) for hit in strong]
    parts = set(places) - {(0, len(text.plain))}  # each is judged once, however many cues it holds
    dangerous = {part for part in parts if of_sentence(text.plain[slice(*part)]) >= BY_ITSELF}
    return tuple(hit for hit, place in zip(strong, places, strict=True) if place in dangerous)
