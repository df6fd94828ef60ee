"""For all tests: short logs, no way out to the network, the databases they run on, and what was
left out."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Generator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from mediaops_common.logs import configure_logs
from mediaops_common.settings import LogSettings

from tests import kafka_broker, left_out
from tests.certificates import certify_loopback
from tests.databases import SQLITE, Backend, PostgresBackend
from tests.postgres import MISSING, binaries, lasting_cluster, shared_cluster

configure_logs(LogSettings(format="json"))

# Machines are shared: no test depends on how fast an example runs.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """Refuses to connect anywhere but to this machine: the other side is a test's own server."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host.split("%")[0]).is_loopback:
                raise AssertionError(f"this test connects to {host}: tests stay on loopback")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that touches a database runs on SQLite, and nightly on PostgreSQL too; one that is
    marked `databases(...)` on those that it names, PostgreSQL in ./run test. Without names the mark
    takes a test out of those of its module."""
    if "backend" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("databases")
    is_marked = marker is not None and marker.args
    named = marker.args if is_marked else ("sqlite", "postgresql")
    mark = pytest.mark.slow if is_marked else pytest.mark.nightly
    marks = {"sqlite": (), "postgresql": mark}
    backends = [pytest.param(name, marks=marks[name]) for name in named]
    metafunc.parametrize("backend", backends, indirect=True)


@cache
def _postgres() -> PostgresBackend:
    return PostgresBackend(shared_cluster())


@pytest.fixture
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """Makes the databases of one test."""
    if request.param == "sqlite":
        yield SQLITE
        return
    if binaries() is None:
        pytest.skip(MISSING)
    postgres = _postgres()
    yield postgres
    await postgres.drop()


ON_ENGINES = (pytest.mark.nightly, pytest.mark.timeout(1800))


@pytest.fixture(scope="session", params=["embedded", pytest.param("distributed", marks=ON_ENGINES)])
def runtime(request: pytest.FixtureRequest) -> str:
    """What a whole system runs on: a data directory, and nightly Kafka and PostgreSQL; a test that
    names its runtimes itself runs on those."""
    if request.param == "distributed":
        for can_run, missing in (
            (kafka_broker.can_run(), kafka_broker.MISSING),
            (binaries() is not None, MISSING),
        ):
            if not can_run:
                pytest.skip(missing)
    return str(request.param)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """A running Kafka broker that its tests may kill; where it cannot run they are skipped."""
    if not kafka_broker.can_run():
        pytest.skip(kafka_broker.MISSING)
    broker = kafka_broker.Broker(tmp_path_factory.mktemp("kafka"))
    broker.ca_file, server_file = certify_loopback(broker.folder)
    broker.be_secure(server_file)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def pytest_sessionfinish() -> None:
    """Ends the servers of this process here: a worker that takes long to end is killed, and its
    servers would stay."""
    for server in (shared_cluster, lasting_cluster, kafka_broker.lasting_broker):
        if server.cache_info().currsize:
            server().remove()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is to be tested, a test that was left out has failed."""
    report = yield
    if left_out.may_not_be(report):
        report.longrepr, report.outcome = left_out.reason(report), "failed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each thing that was left out, which says what to install or to do."""
    found = [MISSING] if binaries() is None else []
    found += [] if kafka_broker.can_run() else [kafka_broker.MISSING]
    found += filter(None, map(left_out.reason, terminalreporter.stats.get("skipped", ())))
    for line in dict.fromkeys(found):
        terminalreporter.write_line(line)
    for report in terminalreporter.stats.get("passed", ()):  # what a test has measured
        for name, value in report.user_properties if report.when == "call" else ():
            if name == "shown":
                terminalreporter.write_line(str(value))
