"""What must hold whatever happens in the middle of an event: where somebody deploys between two calls, where ECS shows
what is old by now, or where its records cannot be read, the model does not foretell what becomes of a service.

As docs/events.md ("One rollout for many events") and docs/rollouts.md have it:

- nothing older than what somebody deployed last, but where a person named a revision
- no change goes missing: a rollout that goes forward began after it, or it is an error
- what is said to be deployed is, and what is said to be rolling already goes forward, and has the change
- a fault that heals before the last try costs nothing
- the end of a rollback is not told as a rollout that completed
- what was taken back does not come again without a reason, and what is left out is told
- what ECS knows as done, brings back, bakes, or has wait for a person is not late"""

from __future__ import annotations

import collections
import re

from cluster import FAILED, GHOST, IN_PROGRESS, SECOND, Cluster, Deployment, Service, View, number_of
from events import FIFO, Deploy, Event, News
from faults import Effect, Plan
from model import AFTER, CLOCKS, TOO_LONG, Fate, LeftOut, left_out

# What may lie between a look of the function and what it does next.
MOMENT = 3 * SECOND
TRIES = 3
NOT_KNOWN = "is not known: ECS does not answer"
ALREADY = re.compile(r"already (?:rolling|rolled out): (ecs-svc/\d+)(?P<newer> with .*, which is newer)?")


class Judge:
    """Of one event after the other."""

    def __init__(self, cluster: Cluster, rolls_back: bool = False) -> None:
        self._cluster = cluster
        self._rolls_back = rolls_back  # ROLLBACK_ON_FAILURE
        self.overtaken = 0  # deployments of somebody that nobody could know of

    def begin(self, event: Event, plan: Plan) -> None:
        self.complaints: list[str] = []
        self._event, self._plan, self._began = event, plan, self._cluster.now
        self._listed: collections.Counter[str] = collections.Counter()  # the highest number that the function has seen
        self._shown: dict[str, set[str]] = collections.defaultdict(set)  # PRIMARY deployments that it has seen
        self._carried_out: dict[str, list[Deployment]] = collections.defaultdict(list)
        self._left_out_by: set[str] = set()  # deployments of what is older than the newest one that it has seen
        self._sent: collections.Counter[str] = collections.Counter()
        self._left_out: dict[str, LeftOut | None] = {
            name: left_out(self._cluster.services[name]) if self._rolls_back else None
            for name in event.services
            if name != GHOST
        }
        self._busy = {service.id for service in self._cluster.services.values() if self._may_be_busy(service)}
        if self._rolls_back:
            # Without the records it is not known what was taken back: then it is tried again, and not guessed.
            self._busy |= {name for name, fault in plan.records.items() if fault.heals}

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
        named = self._named(service.id)
        if revision in named:
            service.wanted = None
            return
        if None not in named:
            self._complain(f"{short(revision)} is deployed, for which nobody has asked")
        could_know = max(self._listed[service.id], self._registered(service, at - MOMENT))
        if number_of(revision) < could_know and not self._may_leave_out(service, revision):
            self._complain(f"{short(revision)} is deployed, and :{could_know} was there")
        self._judge_what_was_taken_back(service, revision)
        primary, wanted = service.primary, service.wanted
        # What it has begun itself it may have begun in error.
        gives_way = primary.state == FAILED or primary.back or service.asked_to_go_back
        gives_way = gives_way or primary in self._carried_out[service.id]
        if not gives_way and is_older(revision, primary) and self._could_know(service, primary, at):
            self._complain(f"{short(revision)} goes over {short(primary.revision)}, which is newer")
        if wanted is not None and is_older(revision, wanted):
            if self._could_know(service, wanted, at):
                self._complain(f"{short(revision)} is deployed after somebody has deployed {short(wanted.revision)}")
            self.overtaken += 1
            service.wanted = None

    def stops(self, service: Service, by_sweep: bool) -> None:
        """StopServiceDeployment, before ECS does anything about it."""
        primary, nature = service.primary, service.nature
        late = self._cluster.now - primary.created >= TOO_LONG + nature.on_purpose
        healthy = primary.state != FAILED and (not late or nature.drains or service.waits_for_a_person)
        if healthy and not self._is_news(service, primary.since):
            self._complain(f"{service.id} is healthy, and is stopped")
        if not self._rolls_back or not by_sweep:
            self._complain(f"{service.id} is stopped, for which nobody has asked")

    def _may_leave_out(self, service: Service, revision: str) -> bool:
        """It is what is deployed instead of the newest one, which was taken back."""
        if not self._rolls_back:
            return False
        if self._cluster.is_late(service, self._began):
            return True
        return revision in {one.instead for one in (self._left_out[service.id], left_out(service)) if one is not None}

    def _judge_what_was_taken_back(self, service: Service, revision: str) -> None:
        """What somebody named has been seen to already."""
        before, now = self._left_out.get(service.id), left_out(service) if self._rolls_back else None
        if before is None or now is None or revision != service.newest or before.instead == revision:
            return
        pushed = any(deploy.pushed for deploy in self._deploys(service.id))
        unread = service.id in self._plan.records or service.id in self._plan.definitions
        if not (pushed or unread or self._cluster.is_late(service, self._began) or service.id in self._busy):
            self._complain(f"{short(revision)} comes again, which was taken back")

    def carried_out(self, service: Service) -> None:
        """ECS has begun what was sent."""
        begun = service.primary
        self._carried_out[service.id].append(begun)
        if number_of(begun.revision) < self._listed[service.id] and begun.revision not in self._named(service.id):
            self._left_out_by.add(begun.id)

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

    def told(self, titles: collections.Counter, texts: str, unsure: set[str]) -> None:
        """All messages of the event. The end of a rollback is not called a rollout that completed: what cannot be read
        is read again, and what is said by somebody who does not know says so."""
        for item in self._event.items:
            news = item.meaning
            if not isinstance(news, News) or news.service not in unsure or news.service in self._event.services:
                continue
            service, look = self._cluster.services[news.service], self._plan.look
            primary = service.primary
            is_back = primary.back and primary.id == news.deployment and not self._is_news(service, primary.since)
            if not is_back or not titles[f"Deployment completed: {service.id}"]:
                continue
            blind = look is not None and look.effect is not Effect.NONE
            if not blind:
                self._complain(f"{service.id} is told as completed, and came back")
            elif not look.a_name and NOT_KNOWN not in texts:
                self._complain(f"{service.id} is told as completed, and nobody could know that")

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
            forward = (one for one in service.known.values() if not one.back)
            mine |= {one.id: one for one in forward if one.since >= self._began - CLOCKS}
        begun = mine.get(entry["deployment_id"])
        if begun is None:
            self._complain(f"{service.id} is said to be deployed by {entry['deployment_id']}")
        elif begun.revision != entry["task_definition"]:
            self._complain(f"{entry['deployment_id']} is said to run {short(entry['task_definition'])}")
        elif fault is None and begun.id in self._left_out_by and "(not with " not in entry["reason"]:
            self._complain(f"{short(begun.revision)} is deployed, and nobody is told why it is not a newer one")

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
        listed = self._listed[service.id] if self._event.source != FIFO else 0
        fine = found.revision in self._named(service.id) or self._may_leave_out(service, found.revision)
        if number_of(found.revision) < listed and not fine:
            self._complain(f"{what}, and :{listed} was there")

    def _judge_what_runs(self, service: Service) -> None:
        runs, wanted = service.primary.revision, service.wanted
        if wanted is not None and is_older(runs, wanted):
            self._complain(f"{short(runs)} runs, and somebody deployed {short(wanted.revision)}")

    # --- what could be known -----------------------------------------------------------------------------------------

    def _deploys(self, service: str) -> list[Deploy]:
        return [
            item.meaning
            for item in self._event.items
            if isinstance(item.meaning, Deploy) and service in item.meaning.services
        ]

    def _named(self, service: str) -> set[str | None]:
        """The revisions that are asked for; None: the newest."""
        return {deploy.revision for deploy in self._deploys(service)}

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
