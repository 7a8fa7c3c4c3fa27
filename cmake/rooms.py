"""Checks that every file includes only headers of rooms that its own room links.

usage: rooms.py ROOMS_JSON [--root DIRECTORY] [--arrows]

The linker holds a room to its list only for what is defined in a .cpp file: a struct, a constant or an inline function of
any room can be used, for all of them share one include path. So this reads every `#include "..."` of src/ and sandbox/.
Which rooms there are, what is in them and what they link is CMake's own knowledge (cmake/write_rooms.cmake).

A header belongs to the library that lists it (HEADERS of add_room), else to the one with a source file of the same name
beside it, else to the only one with sources in its directory, or in the nearest directory above.

Headers of libraries (LIBRARIES) are on the compiler's own path, so they are held to the same rule.

Also wrong: a circle of rooms, a source file that nothing compiles, a header that belongs to nobody.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import pathlib
import re
import sys

CHECKED = ("src", "sandbox")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
SYSTEM_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>]+)>", re.MULTILINE)
# How the headers of a library begin, and the target that is linked for it.
LIBRARIES = {
    "CLI/": "CLI11::CLI11",
    "curl/": "CURL::libcurl",
    "fmt/": "fmt::fmt",
    "httplib.h": "PkgConfig::HTTPLIB",
    "nlohmann/": "nlohmann_json::nlohmann_json",
    "openssl/": "OpenSSL::Crypto",
}
LINK_ONLY = re.compile(r"\$<LINK_ONLY:(.*)>")


@dataclasses.dataclass(frozen=True)
class Target:
    name: str
    is_library: bool
    sources: tuple[pathlib.Path, ...]  # from the root
    headers: tuple[pathlib.Path, ...]  # those that it lists
    links: tuple[str, ...]
    passes_on: tuple[str, ...]  # of its links, what whoever links it sees too

    @property
    def shown_name(self) -> str:
        return self.name.removeprefix("room_")


@dataclasses.dataclass(frozen=True)
class Fault:
    place: str  # file:line, or a room
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class House:
    """The rooms as CMake knows them, and the files of one tree."""

    def __init__(self, description: dict, root: pathlib.Path):
        self.root = root
        described_root = pathlib.Path(description["root"])

        def from_root(paths: list[str]) -> tuple[pathlib.Path, ...]:
            inside = (pathlib.Path(path) for path in paths if pathlib.Path(path).is_relative_to(described_root))
            return tuple(path.relative_to(described_root) for path in inside)

        self.include_directories = from_root(description["include_directories"])
        self.targets = {
            target["name"]: Target(
                target["name"],
                target["type"].endswith("_LIBRARY"),
                from_root(target["sources"]),
                from_root(target["room_headers"]),
                # A library of headers alone has interface libraries only.
                tuple(LINK_ONLY.sub(r"\1", name) for key in ("link_", "interface_link_") for name in target[key + "libraries"]),
                tuple(name for name in target["interface_link_libraries"] if not LINK_ONLY.match(name)),
            )
            for target in description["targets"]
        }
        self.compiled_by: dict[pathlib.Path, list[Target]] = {}
        for target in self.targets.values():
            for source in target.sources:
                self.compiled_by.setdefault(source, []).append(target)

    def files(self) -> list[pathlib.Path]:
        found = (path for name in CHECKED for path in (self.root / name).rglob("*.[ch]pp"))
        return sorted(path.relative_to(self.root) for path in found)

    def owners(self, file: pathlib.Path) -> list[Target]:
        """Who a file belongs to: none or several is a fault."""
        if file.suffix == ".cpp":
            return self.compiled_by.get(file, [])
        listed = [target for target in self.targets.values() if file in target.headers]
        if listed:
            return listed
        same_name = [target for target in self.compiled_by.get(file.with_suffix(".cpp"), []) if target.is_library]
        if same_name:
            return same_name
        for directory in file.parents:
            inside = [
                target
                for target in self.targets.values()
                if target.is_library and any(source.parent == directory for source in target.sources)
            ]
            if inside:
                return inside
        return []

    @functools.cache
    def passed_on(self, name: str) -> frozenset[str]:
        """What linking a target shows, itself included."""
        seen: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(self.targets[one].passes_on if one in self.targets else ())
        return frozenset(seen)

    def sees(self, target: Target) -> frozenset[str]:
        return frozenset({target.name}).union(*(self.passed_on(name) for name in target.links))

    def resolved(self, included: str, by: pathlib.Path) -> pathlib.Path | None:
        for directory in (by.parent, *self.include_directories):
            if (self.root / directory / included).is_file():
                return directory / included
        return None

    def includes(self, file: pathlib.Path) -> list[tuple[int, str, pathlib.Path]]:
        """Line, what is written there, the file that it means. What is not ours is left out."""
        text = (self.root / file).read_text()
        found = []
        for match in INCLUDE.finditer(text):
            path = self.resolved(match[1], file)
            if path is not None:
                found.append((text.count("\n", 0, match.start()) + 1, match[1], path))
        return found

    def library_faults(self, file: pathlib.Path, owner: Target) -> list[Fault]:
        text = (self.root / file).read_text()
        faults = []
        for match in SYSTEM_INCLUDE.finditer(text):
            library = next((target for begin, target in LIBRARIES.items() if match[1].startswith(begin)), None)
            if library and library not in self.sees(owner):
                line = text.count("\n", 0, match.start()) + 1
                why = f"<{match[1]}> is of {library}, which {owner.shown_name} does not link"
                faults.append(Fault(f"{file}:{line}", why))
        return faults

    def wrong_includes(self) -> list[Fault]:
        faults = []
        for file in self.files():
            owners = self.owners(file)
            if not owners:
                faults.append(Fault(str(file), "belongs to no room: no CMakeLists.txt names it or what is beside it"))
                continue
            if len(owners) > 1 and file.suffix == ".hpp":
                names = " and ".join(owner.shown_name for owner in owners)
                faults.append(Fault(str(file), f"belongs to {names}: say in HEADERS of add_room which one it is"))
                continue
            for owner in owners:
                faults += self.library_faults(file, owner)
            for line, included, path in self.includes(file):
                theirs = self.owners(path)
                for owner in owners:
                    if len(theirs) == 1 and theirs[0].name not in self.sees(owner):
                        faults.append(
                            Fault(
                                f"{file}:{line}",
                                f'"{included}" is of {theirs[0].shown_name}, which {owner.shown_name} does not link',
                            )
                        )
        return faults

    def circles(self) -> list[Fault]:
        """Rooms that link themselves, by way of others. CMake allows that of static libraries."""
        faults = []
        for target in self.targets.values():
            beyond = [name for name in target.links if name in self.targets]
            seen: set[str] = set()
            while beyond:
                name = beyond.pop()
                if name not in seen:
                    seen.add(name)
                    beyond.extend(link for link in self.targets[name].links if link in self.targets)
            if target.name in seen:
                faults.append(Fault(target.shown_name, "links itself, by way of others"))
        return faults

    def faults(self) -> list[Fault]:
        return self.circles() + self.wrong_includes()

    def arrows(self) -> dict[str, set[str]]:
        """Room -> the rooms of which it includes something."""
        arrows: dict[str, set[str]] = {}
        for file in self.files():
            for owner in self.owners(file):
                used = arrows.setdefault(owner.shown_name, set())
                for _, _, path in self.includes(file):
                    used.update(their.shown_name for their in self.owners(path))
                used.discard(owner.shown_name)
        return arrows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", type=pathlib.Path, help="rooms.json, which CMake writes into the build directory")
    parser.add_argument("--root", type=pathlib.Path, help="a tree other than the one that CMake has seen")
    parser.add_argument("--arrows", action="store_true", help="print who includes of whom")
    arguments = parser.parse_args()

    description = json.loads(arguments.rooms.read_text())
    house = House(description, arguments.root or pathlib.Path(description["root"]))
    arrows = house.arrows()
    if arguments.arrows:
        for room, used in sorted(arrows.items()):
            print(f"{room} -> {', '.join(sorted(used)) or 'nothing'}")
    faults = house.faults()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(arrows)} rooms, {sum(map(len, arrows.values()))} arrows, {len(faults)} of what is wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
