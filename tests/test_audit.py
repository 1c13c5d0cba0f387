"""What is installed has no known hole, as far as anyone could look it up."""

from datetime import date

import pytest

from tests.audit import TRUSTED_FOR, locked_on, verdict

FINE = {"name": "django", "version": "5.2", "vulns": []}
HOLE = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-2020-1"}]}
UNKNOWN = {"name": "asgiref", "skip_reason": "Dependency not found"}


def test_a_package_with_a_known_hole_stops_the_build_and_is_named():
    said, well = verdict([FINE, HOLE, UNKNOWN], days_old=0)
    assert not well
    assert "pillow 1.0: PYSEC-2020-1" in said


def test_what_could_be_looked_up_and_has_no_hole_passes():
    assert verdict([FINE, FINE], days_old=10_000) == ("2 packages, no known hole.", True)


@pytest.mark.parametrize("packages", [[], [UNKNOWN], [FINE, UNKNOWN]])
def test_without_a_network_a_young_lock_passes_and_says_so_and_an_old_one_does_not(packages):
    said, well = verdict(packages, days_old=TRUSTED_FOR)
    assert well
    assert "could be looked up" in said
    assert not verdict(packages, days_old=TRUSTED_FOR + 1)[1]


def test_a_lock_says_when_it_was_made():
    assert locked_on("# Locked on 2026-11-23\nasgiref==1\n") == date(2026, 11, 23)
    with pytest.raises(SystemExit, match="make lock"):
        locked_on("asgiref==1\n")
