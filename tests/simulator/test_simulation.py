"""The whole simulation against a whole system."""

from datetime import UTC, datetime

import pytest
from mediaops_common.cli.options import settings_for
from mediaops_common.clock import SystemClock
from mediaops_simulator.check.everything import verify
from mediaops_simulator.check.lag import wait_until_settled
from mediaops_simulator.check.tally import Tally
from mediaops_simulator.command import open_api
from mediaops_simulator.run import Wanted, simulate
from rich.console import Console

from tests.conftest import ON_ENGINES
from tests.simulator.conftest import System
from tests.simulator.verified import assert_no_difference, run_simulation

ZONES = (
    "Asia/Shanghai",
    "America/St_Johns",
    "Europe/Berlin",
    "Asia/Kolkata",
    "America/New_York",
    "Pacific/Auckland",
    "UTC",
    "Asia/Kathmandu",
    "Australia/Adelaide",
    "America/Sao_Paulo",
)
"""Half-hour and quarter-hour zones, and several with a change of clocks."""


ON_BOTH = (
    ("embedded", 1),
    ("embedded", 2),
    pytest.param("distributed", 1, marks=pytest.mark.timeout(1800)),
    pytest.param("distributed", 2, marks=ON_ENGINES),
)
"""One company on Kafka and PostgreSQL in every `./run test`."""


@pytest.mark.slow
@pytest.mark.parametrize(("runtime", "seed"), ON_BOTH, indirect=["runtime"])
def test_every_number_is_what_the_simulator_says(system: System, seed: int):
    small = ("--days", "12", "--scale", "0.15", "--live", "3", "--timezone", ZONES[seed - 1])
    status, outcome = run_simulation(system.data, "--seed", str(seed), *small)
    assert_no_difference(status, outcome)
    assert outcome["verification"]["compared"] > 30_000


@pytest.mark.nightly
@pytest.mark.timeout(4000)
@pytest.mark.parametrize("seed", range(1, 11))
def test_ten_companies_differ_in_nothing(system: System, seed: int):
    options = ("--scale", "0.5", "--live", "5", "--timezone", ZONES[seed - 1])
    assert_no_difference(*run_simulation(system.data, "--seed", str(seed), *options))


@pytest.mark.nightly
async def test_one_act_too_many_is_found(system: System):
    """The proof can fail: an act that the truth does not know of changes numbers everywhere."""
    settings = settings_for(system.data)
    wanted = Wanted(slug="sim-spoilt", seed=5, days=3, scale=0.05)
    operator_api = open_api(system.url, settings, "*", "operator")
    console = Console(quiet=True)
    async with (
        operator_api as operator,
        open_api(system.url, settings, wanted.slug, "owner") as api,
    ):
        outcome = await simulate(wanted, operator, api, SystemClock(), console)
        crew = outcome.crew
        await wait_until_settled(api, datetime.now(UTC))
        assert (await verify(crew, operator, None)).differences == []
        shop = crew.workplace.connections["shop"]
        stranger = {
            "channel_id": shop.channel_id,
            "type": "view.recorded",
            "actor": {"external_id": "stranger"},
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        await api.post("/ingest/v1/activities", [stranger])
        await wait_until_settled(api, datetime.now(UTC))
        tally = await verify(crew, operator, None)
    assert areas_that_differ(tally) >= {"stickiness", "growth", "metrics", "quality"}


def areas_that_differ(tally: Tally) -> set[str]:
    return {difference.area for difference in tally.differences}
