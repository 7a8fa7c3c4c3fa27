"""What runs beyond the end of a buffer meets the canary before it meets the return address.

GCC for arm64 had it the other way round for buffers whose size only the run knows (CVE-2023-4039), and Debian 12's
cross compiler still has.
"""

import pathlib
import shutil
import signal
import subprocess

import pytest

from artefact import ARCHITECTURES, REPOSITORY, runner

SYSROOTS = REPOSITORY / ".cache" / "debian"
# Up to well beyond the frame of the function whose buffer it is.
BEYOND = range(8, 129, 8)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def built(request, tmp_path_factory) -> tuple[list[str], pathlib.Path]:
    """What runs programs of an architecture, and where those of this test are."""
    arch = request.param
    if not (shutil.which("cmake") and (SYSROOTS / f"sysroot-{arch}").exists()):
        pytest.skip("./dev package has not been here")
    folder = tmp_path_factory.mktemp(f"canary-{arch}")
    options = {
        "CMAKE_TOOLCHAIN_FILE": REPOSITORY / "cmake" / "toolchains" / f"package-{arch}.cmake",
        "CI_LAMBDA_SYSROOT": SYSROOTS / f"sysroot-{arch}",
        "CMAKE_BUILD_TYPE": "Release",
    }
    source = REPOSITORY / "tests" / "artefact" / "canary"
    configure = ["cmake", "-S", source, "-B", folder, "-G", "Ninja"]
    configure += [f"-D{name}={value}" for name, value in options.items()]
    for command in (configure, ["cmake", "--build", folder]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout[-4000:]
    return runner(arch), folder


@pytest.mark.parametrize("buffer", ["fixed", "dynamic"])
@pytest.mark.parametrize("program", ["canary_c", "canary_cpp"])
def test_an_overflow_is_stopped_before_the_function_returns_through_it(program, buffer, built):
    run, folder = built
    noticed = 0
    for beyond in BEYOND:
        command = [*run, folder / program, buffer, str(beyond)]
        # Without a core file each: this ends as many processes as there are lengths.
        bare = ["bash", "-c", 'ulimit -c 0; exec "$@"', "bash"]
        done = subprocess.run([*bare, *command], capture_output=True, text=True)
        ended_by = -done.returncode
        if done.returncode == 0:
            continue  # it has not come so far as to anything that matters
        assert "stack smashing detected" in done.stderr, f"{beyond} bytes beyond: {ended_by}, {done.stderr}"
        assert ended_by == signal.SIGABRT
        noticed += 1
    assert noticed >= len(BEYOND) // 2, "hardly anything was noticed: is this compiled with a canary at all?"
