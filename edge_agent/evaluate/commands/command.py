"""The commands that a running agent takes, and their arguments. No I/O, no clock."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.errors import CommandError
from edge_agent.evaluate.commands.payload import complaint
from edge_agent.units import Duration, level

LARGEST = 10_000  # bytes
Id: TypeAlias = Annotated[str, Meta(max_length=64)]
Name: TypeAlias = Annotated[str, Meta(max_length=64)]  # as in the configuration


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all commands have: an `id`, by which a repetition is known, and when they expire.

    What another thread carries out has failed if it has not ended after `patience`, in seconds.
    """

    name: ClassVar[str]
    patience: ClassVar[float] = 60.0
    id: Id = ""
    expires: datetime | None = None


class Read(Command, frozen=True, kw_only=True):
    """Measure a device now."""

    name: ClassVar[str] = "read"
    device: Name


class Diagnostics(Command, frozen=True, kw_only=True):
    """Return the agent's diagnostics."""

    name: ClassVar[str] = "diagnostics"


class Lasting(Command, frozen=True, kw_only=True, rename={"seconds": "for"}):
    """What has an effect for some time, from `shortest` to `longest`: seconds, or a duration."""

    shortest: ClassVar[float] = 0.0
    longest: ClassVar[str]
    seconds: Annotated[
        Annotated[float, Meta(ge=0)] | str,
        Meta(description='seconds, or a duration such as "10m"'),
    ] = 3600.0

    def __post_init__(self) -> None:
        """Refuse what is no duration, or out of range."""
        try:
            within = self.shortest <= self.lasts <= Duration.parse(self.longest)
        except ValueError as error:
            raise ValueError(f"for: {error}") from None
        if not within:
            raise ValueError(f'for: expected {self.shortest:g} to "{self.longest}"')

    @property
    def lasts(self) -> float:
        """The time in seconds."""
        return Duration.parse(self.seconds)


class Set(Lasting, frozen=True, kw_only=True):
    """Set an output for some time; "auto" leaves it to the rules again.

    With `wait`, what cannot be set at once is set as soon as nothing holds it any more.
    """

    name: ClassVar[str] = "set"
    shortest: ClassVar[float] = 0.001
    longest: ClassVar[str] = "1d"
    output: Name
    value: Literal["on", "off", "auto"] | Annotated[float, Meta(ge=0, le=1)]
    wait: bool = False

    @property
    def number(self) -> float | None:
        """Return the value as a number; None for "auto"."""
        return None if self.value == "auto" else level(self.value)


class Acknowledge(Command, frozen=True, kw_only=True):
    """Acknowledge a firing alert: it is not repeated."""

    name: ClassVar[str] = "acknowledge"
    rule: Name


class Silence(Lasting, frozen=True, kw_only=True):
    """Send no notifications of a rule's alerts for some time; they are still logged."""

    name: ClassVar[str] = "silence"
    longest: ClassVar[str] = "7d"
    rule: Name


class Enable(Command, frozen=True, kw_only=True):
    """Enable a rule again."""

    name: ClassVar[str] = "enable"
    rule: Name


class Disable(Command, frozen=True, kw_only=True):
    """Disable a rule until it is enabled again."""

    name: ClassVar[str] = "disable"
    rule: Name


class SetThreshold(Command, frozen=True, kw_only=True):
    """Change a threshold of a rule, within the bounds of the configuration."""

    name: ClassVar[str] = "threshold"
    rule: Name
    threshold: Name
    value: float


class Calibrate(Command, frozen=True, kw_only=True):
    """Let a device take what it measures now for a known value; it is measured for minutes before.

    The value is in the unit of what is calibrated: ppm of carbon dioxide.
    """

    name: ClassVar[str] = "calibrate"
    patience: ClassVar[float] = 1860.0  # a bus gives up after half an hour
    device: Name
    value: float


class Reload(Command, frozen=True, kw_only=True):
    """Read the configuration again."""

    name: ClassVar[str] = "reload"


class Configure(Command, frozen=True, kw_only=True):
    """Return the configuration's file, check a text in its place, or put it in its place."""

    name: ClassVar[str] = "config"
    action: Literal["get", "check", "set"] = "get"
    text: Annotated[str, Meta(max_length=LARGEST)] = ""

    def __post_init__(self) -> None:
        """Refuse an empty configuration: it has no problems, but ends the remote control."""
        if self.action != "get" and not self.text.strip():
            raise ValueError("the text of the configuration is missing")


KINDS: dict[str, type[Command]] = {
    kind.name: kind
    for kind in (
        Read,
        Diagnostics,
        Set,
        Acknowledge,
        Silence,
        Enable,
        Disable,
        SetThreshold,
        Calibrate,
        Reload,
        Configure,
    )
}


def parse(name: str, payload: bytes) -> Command:
    """Return the command; raise CommandError for an unknown one, or wrong arguments."""
    kind = KINDS.get(name)
    if kind is None:
        raise CommandError(f"no such command: {name[:40]!r}; known: {', '.join(KINDS)}")
    if len(payload) > LARGEST:
        raise CommandError(f"the payload has {len(payload)} bytes; send at most {LARGEST}")
    try:
        return msgspec.json.decode(payload or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        wanted = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        raise CommandError(f"{complaint(error)}; send a JSON object with {wanted}") from None


def arguments(command: Command) -> dict[str, Any]:
    """Return a command's arguments as they are logged: never the text of a configuration."""
    given: dict[str, Any] = msgspec.to_builtins(command)
    if text := given.pop("text", ""):
        given["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return {name: value for name, value in given.items() if value is not None and name != "id"}
