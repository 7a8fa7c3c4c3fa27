"""What an event means, said by the one who makes it up. The function has to find it out from the bytes."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Deploy:
    """These services are to be deployed."""

    services: tuple[str, ...]
    time: int | None  # of the change, in milliseconds; None: now
    revision: str | None = None  # ARN of the one that is asked for; None: the newest
    pushed: bool = False  # it is the image that their revisions name


@dataclasses.dataclass(frozen=True)
class Nothing:
    """Nothing is to be done: not ours, or not interesting."""

    why: str


@dataclasses.dataclass(frozen=True)
class Broken:
    """It claims to be ours and cannot be acted upon."""

    why: str


@dataclasses.dataclass(frozen=True)
class News:
    """ECS says something about a deployment."""

    service: str
    deployment: str
    name: str
    words: str  # as what it is told
    time: int
    again: int = 0  # since when it is PRIMARY again, where a rollback has brought it back


@dataclasses.dataclass(frozen=True)
class Sweep:
    time: int | None  # None: now


Meaning = Deploy | Nothing | Broken | News | Sweep


@dataclasses.dataclass(frozen=True)
class Item:
    """One event in the sense of EventBridge."""

    id: str  # its own, or else its message's; may be empty
    text: str
    meaning: Meaning


@dataclasses.dataclass(frozen=True)
class Message:
    """One message of a queue or a topic."""

    id: str
    group: str
    items: tuple[Item, ...]
    record: dict = dataclasses.field(compare=False, default_factory=dict)  # as Lambda puts it into `Records`


SINGLE, QUEUE, FIFO, TOPIC = "an event", "a queue", "a FIFO queue", "a topic"


@dataclasses.dataclass(frozen=True)
class Event:
    """What one invocation is given. Bytes that are no JSON are one message with a broken item."""

    kind: str
    body: bytes
    source: str
    messages: tuple[Message, ...]

    @property
    def items(self) -> list[Item]:
        return [item for message in self.messages for item in message.items]

    @property
    def services(self) -> list[str]:
        """Those that it may roll."""
        every = {
            service for item in self.items if isinstance(item.meaning, Deploy) for service in item.meaning.services
        }
        return sorted(every)
