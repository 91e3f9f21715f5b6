"""From a YAML file to a checked script; every error names the file, the line, the step and the cure."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from softphone_sim.ears.listen import MUSIC, RINGBACK
from softphone_sim.script.conditions import CONDITIONS
from softphone_sim.script.model import STEPS, ActorSpec, Hear

JUDGES = ("expect", "wait until")  # the same conditions; a wait says that the story only goes on then
TOGETHER = "together"
ALSO_STEPS = dict.fromkeys((*JUDGES, TOGETHER), Hear)  # for "did you mean"
Path_ = tuple[str | int, ...]


class ScriptError(Exception):
    """The script cannot be played. One line an error: file:line: where: what; cure."""


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    covers: tuple[str, ...] = ()
    tones: dict[str, int] = {}
    actors: dict[str, Any]
    steps: list[Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step, where it stands in the file, and what it says."""

    line: int
    verb: str
    said: str
    spec: BaseModel | None = None
    condition: str = ""  # of expect and wait until
    steps: tuple["Step", ...] = ()  # of together


@dataclass(frozen=True, slots=True)
class Script:
    """A checked script."""

    file: Path
    name: str
    covers: tuple[str, ...]
    tones: dict[str, int]
    actors: dict[str, ActorSpec]
    steps: tuple[Step, ...]


class _Loader(yaml.SafeLoader):
    """YAML whose plain words mean what they say: `on`, `no` and `0123` are texts, not booleans or octals."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute, replaced whole


for tag, pattern, firsts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9]\d*)$", "-0123456789"),
    ("float", r"^-?\d+\.\d+$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(firsts))


def read_script(file: Path) -> Script:
    """Read and check a script.

    Raises:
        ScriptError: it cannot be read, is no YAML, or says something the language does not know.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as why:
        raise ScriptError(f"{file}: cannot be read: {why.strerror}") from why
    return _Reading(file, text).script()


class _Reading:
    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines: dict[Path_, int] = {}
        self._errors: list[tuple[int, str]] = []
        try:
            root = yaml.compose(text, _Loader)
            self._content = yaml.load(text, _Loader)  # noqa: S506 - _Loader is a SafeLoader
        except yaml.YAMLError as why:
            mark = getattr(why, "problem_mark", None)
            problem = getattr(why, "problem", None) or str(why)
            cure = 'keys such as *5 need quotes: "*5"' if "alias" in problem else "check the indentation and the quotes"
            raise ScriptError(f"{file}:{mark.line + 1 if mark else 1}: no YAML: {problem}; {cure}") from why
        if root is not None:
            self._note_lines(root, ())

    def script(self) -> Script:
        header = self._checked(_Header, self._content, (), "the script")
        if not isinstance(header, _Header):
            raise ScriptError(self._all_errors())
        actors = {
            name: actor
            for name, value in header.actors.items()
            if (actor := self._checked(ActorSpec, value, ("actors", name), f"actor {name}")) is not None
        }
        steps = tuple(self._steps(header.steps, ("steps",)))
        self._check_names(steps, set(header.actors), {MUSIC, RINGBACK, *header.tones})
        if self._errors:
            raise ScriptError(self._all_errors())
        return Script(self._file, header.name, header.covers, header.tones, actors, steps)

    # ---- steps --------------------------------------------------------------------------------------

    def _steps(self, values: list[Any], at: Path_) -> Iterator[Step]:
        for index, value in enumerate(values):
            step = self._step(value, (*at, index), f"step {index + 1}")
            if step is not None:
                yield step

    def _step(self, value: Any, at: Path_, where: str) -> Step | None:
        if not isinstance(value, dict) or len(value) != 1:
            self._wrong(at, where, "a step is one verb with what belongs to it, as `- answer: anna`")
            return None
        ((verb, given),) = value.items()
        line = self._line(at)
        said = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).strip()[1:-1]
        if verb == TOGETHER:
            return Step(line, verb, "together", steps=tuple(self._steps(given or [], (*at, verb))))
        if verb in JUDGES:
            if not isinstance(given, dict) or len(given) != 1:
                self._wrong(at, f"{where} ({verb})", "it has exactly one condition, as `expect: {ringing: bo}`")
                return None
            ((condition, inner),) = given.items()
            spec = self._word(CONDITIONS, condition, inner, (*at, verb, condition), f"{where} ({verb} {condition})")
            return Step(line, verb, said, spec, str(condition)) if spec else None
        spec = self._word({**STEPS, **ALSO_STEPS}, verb, given, (*at, verb), f"{where} ({verb})")
        return Step(line, str(verb), said, spec) if spec else None

    def _word(
        self, words: dict[str, type[BaseModel]], word: Any, given: Any, at: Path_, where: str
    ) -> BaseModel | None:
        model = words.get(word)
        if model is None:
            near = difflib.get_close_matches(str(word), words, n=1)
            cure = f"did you mean `{near[0]}`?" if near else f"known are: {', '.join(words)}"
            self._wrong(at, where, f"unknown word `{word}`; {cure}")
            return None
        if not isinstance(given, dict):
            first = next(iter(model.model_fields))
            given = {model.model_fields[first].alias or first: given}
        found: BaseModel | None = self._checked(model, given, at, where)
        return found

    # ---- checking -----------------------------------------------------------------------------------

    def _checked(self, model: type[BaseModel], value: Any, at: Path_, where: str) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as why:
            known = [field.alias or name for name, field in model.model_fields.items()]
            for error in why.errors():
                path = tuple(part for part in error["loc"] if isinstance(part, str | int))
                message = error["msg"].removeprefix("Value error, ")
                if error["type"] == "extra_forbidden":
                    message = f"unknown field `{path[-1]}`; known are: {', '.join(known)}"
                elif error["type"] == "missing":
                    message = f"`{path[-1]}` is missing"
                elif path:
                    message = f"`{'.'.join(map(str, path))}`: {message}"
                self._wrong((*at, *path), where, message)
            return None

    def _check_names(self, steps: tuple[Step, ...], actors: set[str], sounds: set[str]) -> None:
        for step in steps:
            self._check_names(step.steps, actors, sounds)
            spec = step.spec
            given = {name: getattr(spec, name) for name in type(spec).model_fields} if spec else {}
            players = {str(given[field]) for field in ("who", "at", "from_", "kill") if given.get(field)}
            voices = {*(given.get("exactly") or ()), *(given.get("of") or ())}
            for listener, heard in (given.get("everyone") or {}).items():
                players.add(listener)
                voices.update(heard)
            if step.condition == "gap":
                voices |= {given["from_"], given["to"]}
                players.discard(given["from_"])
            for name in sorted((players - actors) | (voices - actors - sounds)):
                known = f"actors: {', '.join(sorted(actors))}; sounds: {', '.join(sorted(sounds))}"
                self._errors.append((step.line, f"`{step.said}`: nobody is called {name}; {known}"))

    def _wrong(self, at: Path_, where: str, what: str) -> None:
        self._errors.append((self._line(at), f"{where}: {what}"))

    def _all_errors(self) -> str:
        return "\n".join(f"{self._file}:{line}: {text}" for line, text in sorted(self._errors))

    def _line(self, at: Path_) -> int:
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at, 1)

    def _note_lines(self, node: yaml.Node, at: Path_) -> None:
        self._lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._lines[(*at, key.value)] = key.start_mark.line + 1
                self._note_lines(value, (*at, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._note_lines(value, (*at, index))
