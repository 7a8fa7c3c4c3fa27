"""Every file of Python tests is one that ctest runs: one that is not registered passes for ever."""

import pathlib
import re

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("directory", ["infra", "integration", "lint"])
def test_every_file_of_tests_is_registered(directory):
    files = {path.stem.removeprefix("test_") for path in (TESTS / directory).glob("test_*.py")}
    listed = re.findall(rf"^add_{directory}_test\(([^)]*)\)", (TESTS / directory / "CMakeLists.txt").read_text(), re.MULTILINE)
    registered = {word for line in listed for word in line.split()}
    assert len(files) > 3
    assert files - registered == set()
