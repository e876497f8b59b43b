"""`input` of a responses body as a conversation, and as the items that are kept (contract §1.4).

The current message is the last user or tool turn; what follows it is dropped, what precedes it is
history. A call and its result are items of their own here: a call joins the assistant's turn that
it stands behind. Images and files of all user messages go with the current one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import ToolCall, Turn
from openclaw_ingress.schemas import fields, js
from openclaw_ingress.schemas.messages import IMAGE_ONLY_TEXT
from openclaw_ingress.schemas.response_media import (
    FilePart,
    ImagePart,
    file_part,
    image_part,
    is_web,
)

FILE_ONLY_TEXT: Final = "User sent file(s) with no text."
ROLES: Final = ("system", "developer", "user", "assistant")
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_PHASES: Final = ("commentary", "final_answer")
_IGNORED: Final = frozenset({"reasoning", "item_reference"})


@dataclass(slots=True)
class ResponseInput:
    """What `input` says; `items` are what `input_items` shows of it, without their ids."""

    turns: list[Turn] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    images: list[ImagePart] = field(default_factory=list)
    files: list[FilePart] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def message(self) -> Turn:
        """The current message."""
        return self.turns[-1]

    @property
    def history(self) -> tuple[Turn, ...]:
        """What precedes it."""
        return tuple(self.turns[:-1])

    @property
    def url_parts(self) -> int:
        """How many images and files are named by URL."""
        images = sum(is_web(image.url) for image in self.images)
        return images + sum(file.url is not None for file in self.files)


def parse_input(value: Any) -> ResponseInput:
    """Return what `input` says; raises InvalidRequest."""
    given = ResponseInput()
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    if value is not None and not isinstance(value, list):
        raise fields.invalid("input")
    for index, item in enumerate(value or ()):
        _add_item(given, item, f"input.{index}")
    while given.turns and given.turns[-1].role == "assistant":
        given.turns.pop()
    if not given.turns:
        raise InvalidRequest("Missing user message in `input`.", param="input")
    return given


def _add_item(given: ResponseInput, item: Any, path: str) -> None:
    if not isinstance(item, dict):
        raise fields.invalid(path)
    # OpenAI's clients may leave out the type of a message.
    kind = item.get("type", "message" if "role" in item else None)
    if kind == "message":
        _add_message(given, item, path)
    elif kind == "function_call":
        _add_call(given, item, path)
    elif kind == "function_call_output":
        _add_output(given, item, path)
    elif not isinstance(kind, str) or kind not in _IGNORED:
        raise fields.invalid(f"{path}.type")


def _add_message(given: ResponseInput, item: dict[str, Any], path: str) -> None:
    role = fields.choice(item, "role", ROLES, f"{path}.")
    if role is None:
        raise fields.invalid(f"{path}.role")
    phase = fields.choice(item, "phase", _PHASES, f"{path}.") if role == "assistant" else None
    content = _Content(path=f"{path}.content", speaks=role == "assistant")
    content.read(item.get("content"))
    text = content.text
    if role in _SYSTEM_ROLES:
        given.system += [text] if text else []
    elif role == "assistant":
        given.turns += [Turn(role, text)] if text else []
    else:
        given.images += content.images
        given.files += content.files
        text = text or (IMAGE_ONLY_TEXT if content.images else "")
        text = text or (FILE_ONLY_TEXT if content.files else "")
        given.turns += [Turn(role, text)] if text else []
    kept = {"type": "message", "role": role, "content": content.kept, "status": "completed"}
    given.items.append({**kept, "phase": phase} if phase else kept)


def _add_call(given: ResponseInput, item: dict[str, Any], path: str) -> None:
    name = fields.required_string(item, "name", f"{path}.").strip()
    if not name:
        raise fields.invalid(f"{path}.name", "Too small: expected string to have >=1 characters")
    arguments = fields.required_string(item, "arguments", f"{path}.")
    call_id = fields.string(item, "call_id", f"{path}.") or js.trimmed(item.get("id"))
    call_id = call_id or f"call_{len(given.items)}"
    call = ToolCall(call_id, name, arguments)
    last = given.turns[-1] if given.turns else None
    if last is not None and last.role == "assistant":
        given.turns[-1] = Turn("assistant", last.text, (*last.tool_calls, call))
    else:
        given.turns.append(Turn("assistant", "", (call,)))
    given.items.append(
        {
            "type": "function_call",
            "call_id": call_id,
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
    )


def _add_output(given: ResponseInput, item: dict[str, Any], path: str) -> None:
    call_id = fields.required_string(item, "call_id", f"{path}.")
    content = _Content(path=f"{path}.output")
    content.read(item.get("output"))
    given.images += content.images
    given.files += content.files
    given.turns.append(
        Turn("tool", content.text, tool_call_id=call_id, name=_name_of(given, call_id))
    )
    output = content.kept if isinstance(item.get("output"), list) else item.get("output")
    given.items.append(
        {
            "type": "function_call_output",
            "call_id": call_id,
            "output": output,
            "status": "completed",
        }
    )


def _name_of(given: ResponseInput, call_id: str) -> str | None:
    calls = (call for turn in reversed(given.turns) for call in turn.tool_calls)
    return next((call.name for call in calls if call.id == call_id), None)


@dataclass(slots=True)
class _Content:
    """The content of one item: its texts, media, and the parts as they are kept.

    `speaks` says that it is the assistant's, whose plain text is output.
    """

    path: str
    speaks: bool = False
    texts: list[str] = field(default_factory=list)
    images: list[ImagePart] = field(default_factory=list)
    files: list[FilePart] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The texts, joined."""
        return "\n".join(text for text in self.texts if text).strip()

    def read(self, value: Any) -> None:
        """Take a text or a list of parts; raises InvalidRequest."""
        if isinstance(value, str):
            self._text(value)
            return
        if not isinstance(value, list):
            raise fields.invalid(self.path)
        for index, part in enumerate(value):
            self._part(part, f"{self.path}.{index}")

    def _part(self, part: Any, path: str) -> None:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("input_text", "output_text"):
            self._text(fields.required_string(part, "text", f"{path}."))
        elif kind == "refusal":
            refusal = fields.required_string(part, "refusal", f"{path}.")
            self.texts.append(refusal)
            self.kept.append({"type": "refusal", "refusal": refusal})
        elif kind == "input_image":
            image = image_part(part, path)
            self.images.append(image)
            self.kept.append(_kept_image(image))
        elif kind == "input_file":
            file = file_part(part, path)
            self.files.append(file)
            self.kept.append({"type": "input_file", "filename": file.name, "file_url": file.url})
        else:
            raise fields.invalid(f"{path}.type")

    def _text(self, text: str) -> None:
        self.texts.append(text)
        if self.speaks:
            self.kept.append({"type": "output_text", "text": text, "annotations": []})
        else:
            self.kept.append({"type": "input_text", "text": text})


def _kept_image(image: ImagePart) -> dict[str, Any]:
    # Data stands in the run already, and may be megabytes.
    url = image.url if is_web(image.url) else None
    return {"type": "input_image", "image_url": url, "detail": image.detail or "auto"}
