"""Headers of tests define each name once: two classes of one name in one program are one class for the linker, with
whichever of the two layouts it sees first."""

import collections
import pathlib
import re

TESTS = pathlib.Path(__file__).resolve().parents[1]

# At the beginning of a line: what is inside of another class has that one's name in front.
DEFINITION = re.compile(r"^(?:class|struct) (\w+)(?: final)?(?: : [^;{]*)?\s*\{", re.MULTILINE)


def definitions() -> dict[str, list[str]]:
    found = collections.defaultdict(list)
    for path in sorted(TESTS.rglob("*.hpp")):
        for name in DEFINITION.findall(path.read_text()):
            found[name].append(str(path.relative_to(TESTS)))
    return found


def test_there_is_something_to_look_at():
    assert len(definitions()) > 20


def test_no_two_headers_of_tests_define_a_class_of_one_name():
    assert {name: places for name, places in definitions().items() if len(places) > 1} == {}
