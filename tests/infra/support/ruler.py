"""EventBridge's own matcher, in a Java process."""

from __future__ import annotations

import json
import subprocess
import threading

PATIENCE = 120  # seconds for one round of questions


class Ruler:
    """One process for all tests: Java starts slowly, and is fast only after a while."""

    def __init__(self, folder: str):
        # The optimising compiler and parallel collectors pay for those who live longer.
        brief = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command = ["java", *brief, "-cp", f"{folder}/lib/*:{folder}/classes", "Match"]
        self.java = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        self.java.kill()
        self.java.wait()
        for pipe in (self.java.stdin, self.java.stdout):
            pipe.close()

    def matches(self, questions: list[tuple[dict, dict]]) -> list[bool]:
        """For each (pattern, event) whether it matches. A pattern that EventBridge would refuse is an error."""
        lines = "".join(json.dumps({"pattern": pattern, "event": event}) + "\n" for pattern, event in questions)
        answers = self.ask(lines, len(questions))
        assert len(answers) == len(questions), f"the matcher has ended early, or takes too long; it said {answers}"
        for answer, (pattern, _) in zip(answers, questions):
            assert answer in ("true", "false"), f"EventBridge would refuse this pattern: {answer}\n{pattern}"
        return [answer == "true" for answer in answers]

    def ask(self, lines: str, count: int) -> list[str]:
        """One answer for each line; fewer where the process ends, which it does when it takes too long."""

        def write() -> None:
            try:
                self.java.stdin.write(lines)
                self.java.stdin.flush()
            except BrokenPipeError:
                pass  # then the answers end, too

        # Beside reading: where both pipes are full, both sides would wait.
        writer = threading.Thread(target=write)
        watchdog = threading.Timer(PATIENCE, self.java.kill)
        writer.start()
        watchdog.start()
        try:
            answers = [answer for answer in (self.java.stdout.readline() for _ in range(count)) if answer]
        finally:
            watchdog.cancel()
        writer.join()
        return [answer.rstrip("\n") for answer in answers]

    def kinds_that_match(self, patterns: dict[str, dict], events: dict[str, dict]) -> dict[str, set[str]]:
        """For each event, by its name, the rules that it matches."""
        questions = [(name, kind) for name in events for kind in patterns]
        answers = self.matches([(patterns[kind], events[name]) for name, kind in questions])
        matched: dict[str, set[str]] = {name: set() for name in events}
        for (name, kind), answer in zip(questions, answers):
            if answer:
                matched[name].add(kind)
        return matched
