"""Each room includes only of the rooms that it links; and cmake/rooms.py sees when one does not."""

import json
import os
import pathlib
import shutil

import pytest
from rooms import House

ROOMS = pathlib.Path(os.environ["CI_LAMBDA_ROOMS"])


def description() -> dict:
    return json.loads(ROOMS.read_text())


# --- the real tree ------------------------------------------------------------------------------------------------


def test_every_include_is_of_a_room_that_is_linked():
    house = House(description(), pathlib.Path(description()["root"]))
    assert [str(fault) for fault in house.faults()] == []


@pytest.fixture
def copy(tmp_path) -> pathlib.Path:
    """The tree, to plant something in."""
    for name in ("src", "sandbox"):
        shutil.copytree(pathlib.Path(description()["root"]) / name, tmp_path / name)
    return tmp_path


def new_faults(root: pathlib.Path) -> list[str]:
    """Without those that the tree had before."""
    before = set(House(description(), pathlib.Path(description()["root"])).faults())
    return [str(fault) for fault in House(description(), root).faults() if fault not in before]


def plant(file: pathlib.Path, line: str) -> None:
    file.write_text(f"{line}\n{file.read_text()}")


@pytest.mark.parametrize(
    ("file", "included", "of", "by"),
    [
        ("src/base/text.cpp", "logging/logger.hpp", "logging", "base"),
        ("src/events/event.hpp", "config/config.hpp", "config", "events"),
        ("src/net/http.hpp", "runtime/runtime_api.hpp", "runtime", "net"),
        ("sandbox/sandbox.cpp", "app/app.hpp", "app", "sandbox"),
        ("src/bootstrap.cpp", "sandbox/sandbox.hpp", "sandbox", "bootstrap"),
    ],
)
def test_a_planted_include_of_a_room_that_is_not_linked_is_found(copy, file, included, of, by):
    plant(copy / file, f'#include "{included}"')
    assert new_faults(copy) == [
        f'{file}:1: "{included}" is of {of}, which {by} does not link'
    ]


def test_a_planted_file_that_nothing_compiles_is_found(copy):
    (copy / "src/base/forgotten.cpp").write_text("int forgotten;\n")
    assert [fault.split(":")[0] for fault in new_faults(copy)] == ["src/base/forgotten.cpp"]


# --- a small house ------------------------------------------------------------------------------------------------


def target(name: str, *sources: str, links=(), private=(), headers=(), kind="STATIC_LIBRARY") -> dict:
    return {
        "name": name,
        "type": kind,
        "sources": [f"/house/{source}" for source in sources],
        "room_headers": [f"/house/{header}" for header in headers],
        "link_libraries": [*links, *private],
        "interface_link_libraries": [*links, *(f"$<LINK_ONLY:{name}>" for name in private)],
    }


def faults(tmp_path, targets: list[dict], files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    house = House({"root": "/house", "include_directories": ["/house/src"], "targets": targets}, tmp_path)
    return [str(fault) for fault in house.faults()]


def test_what_a_linked_room_links_is_seen_and_what_it_hides_is_not(tmp_path):
    targets = [
        target("room_low", "src/low/low.cpp"),
        target("room_hidden", "src/hidden/hidden.cpp"),
        target("room_middle", "src/middle/middle.cpp", links=["room_low"], private=["room_hidden"]),
        target("room_high", "src/high/high.cpp", links=["room_middle"]),
    ]
    files = {
        "src/low/low.cpp": "",
        "src/low/low.hpp": "",
        "src/hidden/hidden.cpp": "",
        "src/hidden/hidden.hpp": "",
        "src/middle/middle.cpp": '#include "hidden/hidden.hpp"\n#include "low/low.hpp"\n',
        "src/high/high.cpp": '#include "low/low.hpp"\n#include "hidden/hidden.hpp"\n',
    }
    assert faults(tmp_path, targets, files) == [
        'src/high/high.cpp:2: "hidden/hidden.hpp" is of hidden, which high does not link'
    ]


def test_a_header_of_a_shared_directory_belongs_to_who_lists_it_or_has_its_source(tmp_path):
    targets = [
        target("room_interfaces", "src/services/ecs.cpp", headers=["src/services/notifier.hpp"]),
        target("room_services", "src/services/notifier.cpp", "src/services/slack.cpp", links=["room_interfaces"]),
        target("room_user", "src/user/user.cpp", links=["room_interfaces"]),
    ]
    files = {
        "src/services/ecs.cpp": "",
        "src/services/ecs.hpp": "",
        "src/services/notifier.hpp": "",
        "src/services/notifier.cpp": '#include "services/notifier.hpp"\n',
        "src/services/slack.cpp": "",
        "src/services/slack.hpp": "",
        "src/user/user.cpp": '#include "services/ecs.hpp"\n#include "services/notifier.hpp"\n'
        '#include "services/slack.hpp"\n',
    }
    assert faults(tmp_path, targets, files) == [
        'src/user/user.cpp:3: "services/slack.hpp" is of services, which user does not link'
    ]


def test_a_header_that_could_belong_to_two_rooms_must_be_listed(tmp_path):
    targets = [target("room_a", "src/both/a.cpp"), target("room_b", "src/both/b.cpp")]
    files = {"src/both/a.cpp": "", "src/both/b.cpp": "", "src/both/c.hpp": ""}
    assert faults(tmp_path, targets, files) == [
        "src/both/c.hpp: belongs to a and b: say in HEADERS of add_room which one it is"
    ]


def test_a_header_alone_belongs_to_the_room_of_the_directory_above(tmp_path):
    targets = [target("room_a", "src/a/a.cpp"), target("room_b", "src/b/b.cpp")]
    files = {"src/a/a.cpp": "", "src/a/parts/x.hpp": "", "src/b/b.cpp": '  # include "a/parts/x.hpp"\n'}
    assert faults(tmp_path, targets, files) == ['src/b/b.cpp:1: "a/parts/x.hpp" is of a, which b does not link']


def test_an_include_beside_the_file_is_found_and_a_comment_is_none(tmp_path):
    targets = [target("room_a", "src/x/a.cpp"), target("room_b", "src/x/b.cpp")]
    files = {"src/x/a.cpp": '#include "b.hpp"\n// #include "b.hpp"\n', "src/x/b.cpp": "", "src/x/b.hpp": ""}
    assert faults(tmp_path, targets, files) == ['src/x/a.cpp:1: "b.hpp" is of b, which a does not link']


def test_a_header_of_a_library_that_is_not_linked_is_found(tmp_path):
    targets = [target("room_a", "src/a/a.cpp", private=["CURL::libcurl"]), target("room_b", "src/b/b.cpp", links=["room_a"])]
    files = {"src/a/a.cpp": "#include <curl/curl.h>\n", "src/b/b.cpp": "#include <string>\n#include <curl/curl.h>\n"}
    assert faults(tmp_path, targets, files) == [
        "src/b/b.cpp:2: <curl/curl.h> is of CURL::libcurl, which b does not link"
    ]


def test_rooms_that_link_themselves_by_way_of_others_are_found(tmp_path):
    targets = [target("room_a", links=["room_b"]), target("room_b", private=["room_a"]), target("room_c")]
    assert faults(tmp_path, targets, {}) == [
        "a: links itself, by way of others",
        "b: links itself, by way of others",
    ]
