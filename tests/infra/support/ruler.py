"""EventBridge's own matcher, in a Java process."""

from __future__ import annotations

import json
import subprocess


class Ruler:
    def __init__(self, folder: str):
        self.command = ["java", "-cp", f"{folder}/lib/*:{folder}/classes", "Match"]

    def matches(self, questions: list[tuple[dict, dict]]) -> list[bool]:
        """For each (pattern, event) whether it matches. A pattern that EventBridge would refuse is an error."""
        lines = "".join(json.dumps({"pattern": pattern, "event": event}) + "\n" for pattern, event in questions)
        done = subprocess.run(self.command, input=lines, capture_output=True, text=True, timeout=120, check=True)
        answers = done.stdout.splitlines()
        assert len(answers) == len(questions), done.stdout + done.stderr
        for answer, (pattern, _) in zip(answers, questions):
            assert answer in ("true", "false"), f"EventBridge would refuse this pattern: {answer}\n{pattern}"
        return [answer == "true" for answer in answers]

    def kinds_that_match(self, patterns: dict[str, dict], events: dict[str, dict]) -> dict[str, set[str]]:
        """For each event, by its name, the rules that it matches."""
        questions = [(name, kind) for name in events for kind in patterns]
        answers = self.matches([(patterns[kind], events[name]) for name, kind in questions])
        matched: dict[str, set[str]] = {name: set() for name in events}
        for (name, kind), answer in zip(questions, answers):
            if answer:
                matched[name].add(kind)
        return matched
