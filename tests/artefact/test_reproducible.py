"""Built again elsewhere from nothing but the sources and Debian's packages, the zip is the same bytes."""

import os
import shutil
import subprocess

from artefact import REPOSITORY, packaged_commit, zip_of

SOURCES = ("CMakeLists.txt", "cmake", "packaging", "src")


def test_another_build_in_another_place_is_the_same_bytes(tmp_path):
    copy = tmp_path / "somewhere" / "else"
    (copy / ".cache").mkdir(parents=True)
    for name in SOURCES:
        source = REPOSITORY / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy / name)
    shutil.copytree(REPOSITORY / ".cache" / "debian", copy / ".cache" / "debian", symlinks=True)

    built = subprocess.run(
        [copy / "packaging" / "build.sh", "x86_64", packaged_commit()],
        env={**os.environ, "CCACHE_DISABLE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout[-4000:]

    again = (copy / "dist" / "ci_lambda-x86_64.zip").read_bytes()
    assert again == zip_of("x86_64").read_bytes()
