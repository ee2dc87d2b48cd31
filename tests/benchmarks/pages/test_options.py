"""What is asked for on the command line is what is measured."""

import pytest

from tests.benchmarks.pages.__main__ import read
from tests.benchmarks.pages.catalogue import ADDRESSES, ENTRANCES, GROUPS


def test_without_options_everything_is_measured() -> None:
    options = read([])
    assert options.groups == tuple(GROUPS)
    assert (options.sagas, options.browsers, options.keep) == (1_000_000, 300, None)
    assert all(map(options.chosen, ADDRESSES))


def test_groups_and_addresses_can_be_chosen() -> None:
    options = read(["--only", "million", "--only", "first-load", "--address", "audit", "--sagas", "5000"])
    assert options.groups == ("first-load", "million")
    assert options.sagas == 5_000
    assert {address.name.split(",")[0] for address in filter(options.chosen, ADDRESSES)} == {"audit"}


@pytest.mark.parametrize(
    "wrong", [["--only", "nothing"], ["--sagas", "0"], ["--browsers", "x"], ["--address", "no such page"]]
)
def test_nonsense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(wrong)
    assert wrong[-1] in capsys.readouterr().err


def test_every_address_has_a_name_of_its_own_and_every_entrance_is_one() -> None:
    names = [address.name for address in ADDRESSES]
    assert len(set(names)) == len(names)
    assert set(ENTRANCES) <= set(names)
