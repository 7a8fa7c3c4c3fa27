"""A file includes what it needs: itself, or by one of our headers that it includes.

CI compiles eight files as one, where a file may live on what its neighbour includes; alone it would not compile. This
looks at the text: the standard library's names in it, and the types of our headers. What it cannot see (functions, macros)
the compiler still sees wherever a file is compiled alone: in the tree of whoever works on it.
"""

import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOTS = (ROOT / "src", ROOT, ROOT / "tests")
DIRECTORIES = ("src", "sandbox", "bench", "fuzz", "tests")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)
DECLARED = re.compile(r"^(?:template <[^\n]*>\s*)?(?:class|struct|enum class|enum|union)\s+(\w+)|^using\s+(\w+)\s*=", re.MULTILINE)
NESTED = re.compile(r"^[ \t]+(?:class|struct|enum class|enum|union)\s+(\w+)|^[ \t]+using\s+(\w+)\s*=", re.MULTILINE)
TEST_NAMES = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\([^)]*\)|\bINSTANTIATE_TEST_SUITE_P\([^,]*,")
STANDARD_NAME = re.compile(r"(?<![\w:])(?:std|::std)::(?:(?:ranges|this_thread)(?:::))?(\w+)")
QUALIFIED = re.compile(r"(?<![\w:])std::(chrono|filesystem|ranges|views|this_thread)::")

# Name -> the headers of which one must be there. What every header brings (size_t, move in half of them) is left out.
HEADERS: dict[str, tuple[str, ...]] = {}


def provide(headers: str, names: str) -> None:
    for name in names.split():
        HEADERS[name] = tuple(headers.split())


provide("string", "string to_string stoi stol stod getline char_traits u8string")
provide("string_view string", "string_view")
provide("vector", "vector")
provide("array", "array to_array")
provide("map", "map multimap")
provide("set", "set multiset")
provide("unordered_map", "unordered_map")
provide("unordered_set", "unordered_set")
provide("deque", "deque")
provide("list", "list")
provide("queue", "queue priority_queue")
provide("span", "span")
provide("optional", "optional nullopt make_optional nullopt_t")
provide("variant", "variant visit holds_alternative get_if monostate")
provide("expected", "expected unexpected")
provide("memory", "unique_ptr shared_ptr make_unique make_shared weak_ptr addressof")
provide("functional", "function bind_front greater plus not_fn")
provide("functional map set", "less")
provide("functional string string_view memory optional", "hash")
provide("mutex", "mutex scoped_lock unique_lock lock_guard recursive_mutex once_flag call_once")
provide("condition_variable", "condition_variable condition_variable_any")
provide("thread stop_token", "jthread stop_token stop_source")
provide("thread", "thread sleep_for yield")
provide("atomic", "atomic atomic_flag memory_order_relaxed")
provide("barrier", "barrier")
provide("latch", "latch")
provide("semaphore", "counting_semaphore binary_semaphore")
provide("random", "mt19937 mt19937_64 uniform_int_distribution uniform_real_distribution random_device bernoulli_distribution")
provide("algorithm", "sort stable_sort any_of all_of none_of find find_if find_if_not count count_if min_element max_element min max clamp transform replace replace_if fill unique reverse lower_bound upper_bound equal_range binary_search copy copy_if copy_n remove_if includes equal mismatch search adjacent_find partition generate rotate is_sorted nth_element shuffle for_each contains starts_with ends_with")
provide("numeric", "accumulate reduce iota gcd")
provide("iterator", "back_inserter inserter istreambuf_iterator istream_iterator ostream_iterator make_move_iterator distance next prev advance ssize")
provide("tuple", "tuple tie make_tuple apply")
provide("charconv", "from_chars to_chars")
provide("fstream", "ifstream ofstream fstream")
provide("sstream", "stringstream ostringstream istringstream")
provide("iostream", "cout cin cerr")
provide("regex", "regex smatch regex_match regex_search regex_replace")
provide("stdexcept", "runtime_error logic_error invalid_argument out_of_range")
provide("system_error", "error_code system_category generic_category system_error")
provide("numbers", "numbers")
provide("bit", "bit_cast popcount countl_zero has_single_bit")
provide("limits", "numeric_limits")
provide("cmath", "ceil floor trunc lround isfinite pow sqrt cbrt")
provide("csignal", "signal raise")
provide("source_location", "source_location")
provide("new", "bad_alloc nothrow")
BY_NAMESPACE = {"chrono": ("chrono",), "filesystem": ("filesystem",), "this_thread": ("thread",), "views": ("ranges",)}

# What others' headers are known to bring.
BROUGHT = {
    "gtest/gtest.h": "string vector map set memory ostream sstream tuple functional limits iostream utility atomic mutex type_traits",
    "gmock/gmock.h": "string vector map set memory ostream sstream tuple functional limits iostream utility atomic mutex algorithm iterator string_view optional variant span",
    "nlohmann/json.hpp": "string vector map array memory string_view algorithm functional iterator limits numeric tuple utility",
    "nlohmann/json_fwd.hpp": "string vector map memory",
    "fmt/format.h": "string string_view memory limits cmath",
    "fmt/ranges.h": "string string_view tuple",
    "fmt/core.h": "string string_view",
    "CLI/CLI.hpp": "string vector functional memory map set optional array tuple",
    "map": "tuple", "chrono": "limits", "thread": "stop_token", "mutex": "tuple", "iostream": "string", "sstream": "string", "fstream": "string",
}


def sources(extension: str) -> list[pathlib.Path]:
    return sorted(path for name in DIRECTORIES for path in (ROOT / name).rglob(f"*.{extension}"))


@functools.cache
def text_of(path: pathlib.Path) -> str:
    return path.read_text()


@functools.cache
def code_of(path: pathlib.Path) -> str:
    """Without comments, texts, includes and the names of tests."""
    return TEST_NAMES.sub("", INCLUDE.sub("", COMMENT_OR_TEXT.sub(" ", text_of(path))))


def found(name: str, path: pathlib.Path) -> pathlib.Path | None:
    return next((root / name for root in (*ROOTS, path.parent) if (root / name).is_file()), None)


@functools.cache
def reached(path: pathlib.Path) -> tuple[frozenset[pathlib.Path], frozenset[str]]:
    """Our headers, and those of others, that the file includes by itself or by ours."""
    ours, others, ahead = {path}, set(), [path]
    while ahead:
        here = ahead.pop()
        for _, name in INCLUDE.findall(text_of(here)):
            header = found(name, here)
            if header is None:
                others.add(name)
                others.update(BROUGHT.get(name, "").split())
            elif header not in ours:
                ours.add(header)
                ahead.append(header)
    return frozenset(ours), frozenset(others)


def declared_in(path: pathlib.Path) -> set[str]:
    return {one or other for one, other in DECLARED.findall(code_of(path))}


@functools.cache
def names_of_members() -> set[str]:
    """Types within others, which need no header of their own: whoever uses such a name may mean one of these."""
    return {one or other for path in (*sources("hpp"), *sources("cpp")) for one, other in NESTED.findall(code_of(path))}


@functools.cache
def declaring() -> dict[str, set[pathlib.Path]]:
    """Type -> the headers that declare it."""
    all_of_them: dict[str, set[pathlib.Path]] = {}
    for header in sources("hpp"):
        for name in declared_in(header) - names_of_members():
            all_of_them.setdefault(name, set()).add(header)
    return all_of_them


def missing(path: pathlib.Path) -> list[str]:
    ours, others = reached(path)
    code = code_of(path)
    wrong = []
    for name in set(STANDARD_NAME.findall(code)):
        headers = HEADERS.get(name)
        if headers and not others.intersection(headers):
            wrong.append(f"std::{name} needs <{headers[0]}>")
    for space in set(QUALIFIED.findall(code)):
        headers = BY_NAMESPACE.get(space)
        if headers and not others.intersection(headers):
            wrong.append(f"std::{space} needs <{headers[0]}>")
    own = declared_in(path)
    for name in set(re.findall(r"(?<![\w:.>])[A-Z]\w+", code)) - own:
        headers = declaring().get(name)
        if path.is_relative_to(ROOT / "src"):  # which cannot mean what is outside of it
            headers = {header for header in headers or () if header.is_relative_to(ROOT / "src")}
        if headers and not headers & ours:
            where = sorted(str(header.relative_to(ROOT)) for header in headers)
            wrong.append(f"{name} needs {' or '.join(where)}")
    return sorted(wrong)


def test_what_only_a_neighbour_includes_is_found(tmp_path):
    planted = tmp_path / "planted.cpp"
    planted.write_text(
        """#include "base/secret.hpp"
        // std::deque and EcsTarget in a comment, "std::list" in a text
        std::vector<Secret> all; std::string text = "std::list"; auto now = std::chrono::seconds{1}; Deadline until;
        """
    )
    assert missing(planted) == ["Deadline needs src/base/time.hpp", "std::chrono needs <chrono>", "std::vector needs <vector>"]
    planted = tmp_path / "mended.cpp"
    planted.write_text('#include "base/time.hpp"\n#include "base/secret.hpp"\n#include <vector>\nstd::vector<Secret> a; Deadline b;\n')
    assert missing(planted) == []


def test_every_file_includes_what_it_needs():
    wrong = {path.relative_to(ROOT): said for path in (*sources("hpp"), *sources("cpp")) if (said := missing(path))}
    assert not wrong, "\n".join(f"{path}: {one}" for path, said in wrong.items() for one in said)
