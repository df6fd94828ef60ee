"""A rebuild beside live traffic: every sampled answer is equal before and after the swap."""

import time
from datetime import UTC, datetime

import pytest

from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.answers import sampled, tell_the_past
from tests.system.replicas import until
from tests.system.running import System, a_system

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPERATOR = {"workspace": "*", "role": "operator"}


def rebuild(system: System, service: str) -> None:
    answer = system.call("POST", f"/{service}/v1/admin/rebuilds", **OPERATOR)
    assert answer.status_code == 202, answer.text
    path = f"/{service}/v1/admin/rebuilds"
    until(lambda: system.ask(path, **OPERATOR)["items"][0]["state"] == "done")


def test_answers_are_equal_before_and_after_a_rebuild_beside_live_traffic(
    tmp_path, runtime
) -> None:
    today = datetime.now(UTC)
    with a_system(tmp_path, runtime) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=11, pause=0.03)
        driver.set_up()
        channels = [
            item["id"] for item in system.ask("/ingest/v1/channels", workspace="one")["items"]
        ]
        tell_the_past(system, channels, today)
        system.settle()
        before = sampled(system, channels, today)
        assert len(before) > 20
        driver.start()
        time.sleep(1.0)
        for service in ("crm", "insights"):
            rebuild(system, service)
            assert sampled(system, channels, today) == before, service
        driver.stop()
        prove(system, ledger)


def test_an_operator_has_one_begun_instead_of_one_that_may_be_under_way(tmp_path, runtime) -> None:
    with a_system(tmp_path, runtime) as system:
        where = ("--url", str(system.http.base_url), "--token", system.token(**OPERATOR))
        system.command("rebuild", "crm", "--no-wait", *where)
        done = system.command("rebuild", "crm", "--anew", *where)
        assert done.endswith("done")
        earlier = system.ask("/crm/v1/admin/rebuilds", **OPERATOR)["items"][1:]
        assert {item["state"] for item in earlier} <= {"superseded", "done"}
