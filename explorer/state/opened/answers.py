"""What a person said of a network that its file does not say: remembered for that file, as long as it is the same."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

TEXTS = ("architecture", "outputs", "key")
EARLIER = "last/answers"
"""Where earlier versions kept those of the last network alone."""


def with_answers(request: Request, settings: Settings) -> Request:
    """The request with what was said of the same file before, where it brings no answer of its own."""
    settings.look()
    _move_earlier(settings)
    if _answers_of(request):
        return replace(request, recalled=False)
    answers = _read(settings.text(_name(request.path)))
    given = _valid(answers) if answers.get("file") == _file_of(request.path) else {}
    return replace(request, **given, recalled=True) if given else request


def remember_answers(request: Request, settings: Settings) -> None:
    """Keep what was said of a network that is open now; where code of a person's own is part of it, nothing."""
    from trainer.networks.user_architecture import is_own

    answers = _answers_of(request)
    if not answers or (request.architecture and is_own(request.architecture)):
        settings.remove(_name(request.path))
        return
    input = answers.get("input")
    if input is not None and not isinstance(input, dict):
        answers["input"] = input.to_dict()
    settings.set_text(_name(request.path), json.dumps({"file": _file_of(request.path), **answers}))


def forget_refused(request: Request, settings: Settings) -> None:
    """Forget recalled answers with which a file that is there could not be opened: they are not given twice."""
    if request.recalled and request.path.exists():
        settings.remove(_name(request.path))


def changed_answers(request: Request, answered: Request, network: "Network") -> Request:
    """What a person answered, but for what they left as `network` proposes it: that is nobody's word."""
    classes = answered.classes
    if classes is not None and request.classes is None and tuple(classes) == tuple(network.classes):
        answered = replace(answered, classes=None)
    if request.input is None and answered.input == network.input:
        answered = replace(answered, input=None)
    return answered


def taken_instead(request: Request, network: "Network") -> list[str]:
    """What stands for what the file of a network does not say, in sentences: earlier answers first."""
    recalled = f"As you said when this network was open before: {_spoken(request)}." if request.recalled else ""
    return [*([recalled] if recalled else []), *network.assumed]


def _spoken(request: Request) -> str:
    """The answers of a request in words."""
    classes, parts = request.classes, list[str]()
    if classes:
        parts.append(f"its classes are {', '.join(classes[:7])}{' …' if len(classes) > 7 else ''}")
    if request.outputs:
        parts.append(f"its outputs are {request.outputs}")
    if request.input is not None:
        parts.append("how a picture becomes its input")
    if request.architecture:
        parts.append(f"its architecture is {request.architecture}")
    if request.key:
        parts.append(f"its weights are those of {request.key}")
    return "; ".join(parts)


def _answers_of(request: Request) -> dict[str, Any]:
    answers = {name: getattr(request, name) for name in (*TEXTS, "input")}
    answers["classes"] = list(request.classes) if request.classes else None
    return {name: value for name, value in answers.items() if value}


def _valid(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are what they should be: a damaged one counts as not there."""
    classes, input = answers.get("classes"), answers.get("input")
    valid: dict[str, Any] = {name: answers[name] for name in TEXTS if isinstance(answers.get(name), str)}
    if isinstance(classes, list) and classes and all(isinstance(name, str) for name in classes):
        valid["classes"] = classes
    if isinstance(input, dict):
        valid["input"] = input
    return {name: value for name, value in valid.items() if value}


def _move_earlier(settings: Settings) -> None:
    """Give what an earlier version kept to the network that it was about."""
    answers, model = _read(settings.text(EARLIER)), settings.text("last/model")
    if settings.text(EARLIER):
        settings.remove(EARLIER)
    if _valid(answers) and model and not settings.text(_name(Path(model))):
        settings.set_text(_name(Path(model)), json.dumps({**answers, "file": _file_of(Path(model))}))


def _read(text: str) -> dict[str, Any]:
    try:
        answers = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return answers if isinstance(answers, dict) else {}


def _name(path: Path) -> str:
    import hashlib  # not before something is opened: the first paint does not wait for it

    return f"answers/{hashlib.sha256(str(path.absolute()).encode(errors='surrogateescape')).hexdigest()[:24]}"


def _file_of(path: Path) -> list[int]:
    """Size and time of a network's file, or of all files in its folder; nothing where there is none."""
    try:
        files = [entry for entry in path.iterdir() if entry.is_file()] if path.is_dir() else [path]
        found = [file.stat() for file in files]
    except OSError:
        return []
    return [sum(status.st_size for status in found), max((status.st_mtime_ns for status in found), default=0)]
