"""What must hold whatever happens in the middle of an event: where somebody deploys between two calls, where ECS shows
what is old by now, or where its records cannot be read, the model does not foretell what becomes of a service.

As docs/events.md ("One rollout for many events") and docs/rollouts.md have it:

- nothing older than what somebody deployed last, but where a person named a revision
- no change goes missing: a rollout that goes forward began after it, or it is an error
- what is said to be deployed is, and what is said to be rolling already goes forward, and has the change
- a fault that heals before the last try costs nothing
- what ECS knows as done, brings back, bakes, or has wait for a person is not late"""

from __future__ import annotations

import collections
import re

from cluster import COMPLETED, FAILED, IN_PROGRESS, SECOND, Cluster, Deployment, Service, View, number_of
from events import FIFO, Deploy, Event
from faults import Effect, Plan
from model import AFTER, CLOCKS, TOO_LONG, Fate

# What may lie between a look of the function and what it does next.
MOMENT = 3 * SECOND
TRIES = 3
ALREADY = re.compile(r"already (?:rolling|rolled out): (ecs-svc/\d+)(?P<newer> with .*, which is newer)?")


class Judge:
    """Of one event after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.overtaken = 0  # deployments of somebody that nobody could know of

    def begin(self, event: Event, plan: Plan) -> None:
        self.complaints: list[str] = []
        self._event, self._plan, self._began = event, plan, self._cluster.now
        self._listed: collections.Counter[str] = collections.Counter()  # the highest number that the function has seen
        self._shown: dict[str, set[str]] = collections.defaultdict(set)  # PRIMARY deployments that it has seen
        self._carried_out: dict[str, list[Deployment]] = collections.defaultdict(list)
        self._sent: collections.Counter[str] = collections.Counter()
        self._busy = {service.id for service in self._cluster.services.values() if self._may_be_busy(service)}

    # --- what the function does --------------------------------------------------------------------------------------

    def listed(self, service: Service, numbers: list[int]) -> None:
        """It has been told of these revisions."""
        self._listed[service.id] = max(self._listed[service.id], *numbers)

    def shown(self, service: Service, view: View | None) -> None:
        """It has been shown the service as it is, or was."""
        self._shown[service.id].add(service.primary.id if view is None else view.primary)

    def asked_to_go_back(self, service: Service) -> None:
        self._busy.add(service.id)

    def sends(self, service: Service, revision: str, at: int) -> None:
        """UpdateService, before ECS does anything about it."""
        self._sent[service.id] += 1
        named = {deploy.revision for deploy in self._deploys(service.id)}
        if revision in named:
            service.wanted = None
            return
        if None not in named:
            self._complain(f"{short(revision)} is deployed, for which nobody has asked")
        could_know = max(self._listed[service.id], self._registered(service, at - MOMENT))
        if number_of(revision) < could_know:
            self._complain(f"{short(revision)} is deployed, and :{could_know} was there")
        primary, wanted = service.primary, service.wanted
        gives_way = primary.state == FAILED or primary.back or service.asked_to_go_back
        if not gives_way and is_older(revision, primary) and self._could_know(service, primary, at):
            self._complain(f"{short(revision)} goes over {short(primary.revision)}, which is newer")
        if wanted is not None and is_older(revision, wanted):
            if self._could_know(service, wanted, at):
                self._complain(f"{short(revision)} is deployed after somebody has deployed {short(wanted.revision)}")
            self.overtaken += 1
            service.wanted = None

    def carried_out(self, service: Service) -> None:
        """ECS has begun what was sent."""
        self._carried_out[service.id].append(service.primary)

    # --- what it says ------------------------------------------------------------------------------------------------

    def finish(self, fates: list[Fate], entries: list[dict], unsure: set[str]) -> None:
        """All fates of the event, by the model; what the answer says of services, if it is one."""
        by_service: dict[str, list[str]] = collections.defaultdict(list)
        for fate in fates:
            by_service[fate.service].append(fate.status)
        for name, statuses in by_service.items():
            service = self._cluster.services.get(name)
            if service is None or not self._deploys(name):
                continue
            self._judge_changes(service, statuses)
            if name in unsure:
                self._judge_statuses(service, statuses)
                for entry in entries:
                    if entry["service"] == name:
                        self._judge_entry(service, entry)
        for service in self._cluster.services.values():
            self._judge_what_runs(service)

    def swept(self, entries: list[dict], unsure: set[str]) -> None:
        """What a sweep has found."""
        for entry in entries:
            service = self._cluster.services[entry["service"]]
            primary, nature = service.primary, service.nature
            if service.id not in unsure or entry["deployment_id"] != primary.id:
                continue  # the model knows, or it is not PRIMARY any more since a moment ago
            now, unread = self._cluster.now, service.id in self._plan.records
            if primary.back and not self._is_news(service, primary.since):
                self._complain(f"{service.id} comes back, and the sweep calls it {entry['status']}")
            if entry["status"] == "failed" and primary.state != FAILED:
                self._complain(f"{service.id} has not failed, and the sweep says so")
            if entry["status"] != "timed_out":
                continue
            if primary.state != IN_PROGRESS and not unread:
                self._complain(f"{service.id} has ended, {primary.state}, and the sweep calls it late")
            if now - primary.created < TOO_LONG + nature.on_purpose or nature.drains:
                self._complain(f"{service.id} is not late")
            if service.asked_to_go_back and not unread and not self._is_news(service, service.changed):
                self._complain(f"ECS was asked to take {service.id} back, and the sweep calls it late")
            if service.waits_for_a_person and not unread:
                self._complain(f"{service.id} waits for a person, and the sweep calls it late")

    def _judge_changes(self, service: Service, statuses: list[str]) -> None:
        """No change goes missing."""
        if "failed" in statuses:
            return  # somebody was told
        time = self._changed_at(service.id)
        if service.last_forward < (self._began if time is None else time) - CLOCKS:
            self._complain(f"nothing was rolled out after the change of {service.id}")

    def _judge_statuses(self, service: Service, statuses: list[str]) -> None:
        name, fault = service.id, self._plan.updates.get(service.id)
        begun = statuses.count("deployed")
        if fault is None and self._sent[name] != begun:
            self._complain(f"UpdateService was asked for {self._sent[name]} times for {name}, which is {statuses}")
        if self._sent[name] > TRIES * len(statuses) + 1:
            self._complain(f"UpdateService was asked for {self._sent[name]} times for {name}")
        if "failed" in statuses and name not in self._busy and not self._plan.may_fail(name):
            self._complain(f"{name} failed, and nothing stood in its way")

    def _judge_entry(self, service: Service, entry: dict) -> None:
        if entry["status"] == "deployed":
            self._judge_deployed(service, entry)
        elif entry["status"] == "ignored":
            self._judge_ignored(service, entry)

    def _judge_deployed(self, service: Service, entry: dict) -> None:
        mine = {one.id: one for one in self._carried_out[service.id]}
        fault = self._plan.updates.get(service.id)
        if fault is not None and fault.effect is Effect.LOST:
            # What somebody began meanwhile does as well.
            mine |= {one.id: one for one in service.known.values() if one.since >= self._began - CLOCKS and not one.back}
        begun = mine.get(entry["deployment_id"])
        if begun is None:
            self._complain(f"{service.id} is said to be deployed by {entry['deployment_id']}")
        elif begun.revision != entry["task_definition"]:
            self._complain(f"{entry['deployment_id']} is said to run {short(entry['task_definition'])}")

    def _judge_ignored(self, service: Service, entry: dict) -> None:
        what, now = f"{service.id} is {entry.get('outcome')}", self._cluster.now
        said = ALREADY.fullmatch(entry.get("outcome", ""))
        found = service.known.get(said[1]) if said else None
        if said is None or found is None:
            return self._complain(f"{what}: nobody knows that deployment")
        time = self._changed_at(service.id)
        least = None if time is None else time - CLOCKS if said["newer"] else time + AFTER
        if least is None or found.created < least:
            self._complain(f"{what}, which began before the change")
        if found.back and not self._is_news(service, found.since):
            self._complain(f"{what}, which a rollback has brought back")
        if found.failed_at is not None and not self._is_news(service, found.failed_at):
            self._complain(f"{what}, which has failed")
        named = {deploy.revision for deploy in self._deploys(service.id)}
        listed = self._listed[service.id] if self._event.source != FIFO else 0
        if found.revision not in named and number_of(found.revision) < listed:
            self._complain(f"{what}, and :{listed} was there")

    def _judge_what_runs(self, service: Service) -> None:
        if service.wanted is not None and is_older(service.primary.revision, service.wanted):
            self._complain(f"{short(service.primary.revision)} runs, and somebody deployed {short(service.wanted.revision)}")

    # --- what could be known -----------------------------------------------------------------------------------------

    def _deploys(self, service: str) -> list[Deploy]:
        return [
            item.meaning
            for item in self._event.items
            if isinstance(item.meaning, Deploy) and service in item.meaning.services
        ]

    def _changed_at(self, service: str) -> int | None:
        """None: now. Of a FIFO queue not all may have had their turn."""
        times = [deploy.time for deploy in self._deploys(service)]
        if self._event.source == FIFO:
            return min((time for time in times if time is not None), default=None)
        return None if None in times else max(times)

    def _may_be_busy(self, service: Service) -> bool:
        """ECS shows that it is about to take back what runs: then nothing can be deployed."""
        return service.asked_to_go_back or self._cluster.now - service.asked_until < service.nature.lag

    def _is_news(self, service: Service, since: int) -> bool:
        """So recent that the function need not know."""
        return self._cluster.now - since <= MOMENT + service.nature.lag

    def _could_know(self, service: Service, deployment: Deployment, at: int) -> bool:
        return deployment.id in self._shown[service.id] or at - deployment.since > MOMENT + service.nature.lag

    @staticmethod
    def _registered(service: Service, before: int) -> int:
        return max((one for one in service.revisions if service.registered.get(one, 0) <= before), default=0)

    def _complain(self, what: str) -> None:
        self.complaints.append(what)


def is_older(revision: str, than: Deployment) -> bool:
    return number_of(revision) < number_of(than.revision)


def short(revision: str) -> str:
    return revision.rsplit("/", 1)[-1]
