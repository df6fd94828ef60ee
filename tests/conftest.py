"""For all tests: short logs, and no way out to the network."""

import ipaddress
import socket

import pytest
from mediaops_common.logs import configure_logs
from mediaops_common.settings import LogSettings

configure_logs(LogSettings(format="json"))


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
