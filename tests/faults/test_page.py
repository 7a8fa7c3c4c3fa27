"""docs/faults.md says what the rows prove."""

import collections

from page import PAGE, page, what_goes_wrong
from rows import GROUPS, rows


def test_the_page_is_made_of_the_rows():
    assert PAGE.read_text() == page(), "run: python3 tests/faults/page.py"


def test_no_two_rows_have_the_same_name():
    names = collections.Counter(row.name for group in GROUPS for row in group.rows)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_rows_are_about_the_same():
    about = collections.Counter((group.title, what_goes_wrong(row)) for group in GROUPS for row in group.rows)
    assert [words for words, count in about.items() if count > 1] == []


def test_a_second_rollout_is_never_without_its_warning():
    assert [row.name for row in rows() if row.rollouts > 1 and not row.second] == []
