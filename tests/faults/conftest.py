"""All rows that are asked for run at the same time: most of them wait for something."""

import concurrent.futures
import pathlib

import pytest

from certificates import Authority
from ci_skips import pytest_runtest_makereport  # noqa: F401: a hook of pytest
from rows import Row
from runner import Run, Seen, missing

AT_A_TIME = 16


@pytest.fixture(scope="session")
def runs(request, tmp_path_factory):
    """Row -> the future of what it leads to."""
    wanted = [item.callspec.params["row"] for item in request.session.items if "seen" in item.fixturenames]
    authority = Authority("the table's own authority")

    def run(row: Row, directory: pathlib.Path) -> Seen:
        return Run(row, directory, authority).run()

    pool = concurrent.futures.ThreadPoolExecutor(AT_A_TIME)
    yield {row: pool.submit(run, row, tmp_path_factory.mktemp(row.name)) for row in wanted if not missing(row)}
    pool.shutdown(cancel_futures=True)


@pytest.fixture
def seen(row: Row, runs) -> Seen:
    if why := missing(row):
        pytest.skip(why)
    return runs[row].result()
