"""What ECS can be like: each service of the soak meets with another ECS.

AWS documents little of it; all of it has been seen in ECS, or in something that speaks like it (docs/rollouts.md)."""

from __future__ import annotations

import dataclasses
import enum

SECOND = 1000
MINUTE = 60 * SECOND


class Look(enum.Enum):
    """How the PRIMARY deployment of a rollback looks."""

    NEW_TIME = "its old id, begun now"
    OLD_TIME = "its old id, begun when it first began"
    NEW_ID = "a new id"


@dataclasses.dataclass(frozen=True)
class Nature:
    records: bool = True  # ECS keeps records of the rollouts: ListServiceDeployments
    comes_back: Look | None = None  # what fails is rolled back; None: it stays where it is, FAILED
    alarm: bool = False  # by an alarm, and not by the circuit breaker
    # DescribeServices and ListServiceDeployments show what was true so long ago, in milliseconds.
    late_services: int = 0
    late_records: int = 0
    bakes: int = 0  # blue/green: so many minutes
    approval: int = 0  # blue/green with a hook that waits for a person so many minutes, and then goes on
    drains: bool = False  # the new tasks run at once, and old ones are protected from being ended

    @property
    def lag(self) -> int:
        return max(self.late_services, self.late_records)

    @property
    def blue_green(self) -> bool:
        return bool(self.bakes or self.approval)

    @property
    def on_purpose(self) -> int:
        """What a rollout takes by its own configuration, in milliseconds."""
        return (self.bakes + self.approval) * MINUTE

    def __str__(self) -> str:
        by = "alarm" if self.alarm else "breaker"
        parts = [
            *([] if self.records else ["no records"]),
            *([f"rollback by {by}, {self.comes_back.value}"] if self.comes_back else []),
            *([f"late by {self.lag / SECOND:.0f} s"] if self.lag else []),
            *([f"bakes {self.bakes} min"] if self.bakes else []),
            *([f"waits for a person for {self.approval} min"] if self.approval else []),
            *(["old tasks are protected"] if self.drains else []),
        ]
        return ", ".join(parts) or "plain"


    def that_goes_back(self) -> Nature:
        """The same, where whoever set the service up has switched rollbacks on."""
        return self if self.comes_back else dataclasses.replace(self, comes_back=Look.NEW_TIME)


PLAIN = Nature()
OLD = Nature(records=False)
NATURES = {
    "api": OLD,
    "auth": OLD,
    "backend": Nature(drains=True),
    "cart": Nature(comes_back=Look.NEW_TIME),
    "cron": Nature(comes_back=Look.OLD_TIME),
    "feed": Nature(comes_back=Look.NEW_ID, alarm=True),
    "img": Nature(records=False, comes_back=Look.NEW_TIME),
    "mail": Nature(late_services=4 * SECOND, late_records=2 * SECOND),
    "pay": Nature(late_services=2 * SECOND, late_records=8 * SECOND, comes_back=Look.NEW_ID),
    "search": Nature(bakes=15, comes_back=Look.NEW_TIME),
    "web": Nature(approval=25, comes_back=Look.OLD_TIME, alarm=True),
    "worker": Nature(late_services=6 * SECOND, late_records=6 * SECOND, comes_back=Look.OLD_TIME),
    "frozen": PLAIN,
}
