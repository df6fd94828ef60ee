"""What compose.yaml tells the kernel of the gateway: ports that just closed are used again."""

import shutil
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from tests.rehearsal.composed import ROOT

pytestmark = pytest.mark.slow

ENTER = ("unshare", "--user", "--map-root-user", "--net")
"""A network without anybody else in it, which needs no privilege where the kernel allows it."""

ADDRESS = "10.9.8.7"
"""Not of 127.0.0.0/8: there the kernel uses ports again by itself."""

FEW_PORTS = "10240 10303"

PROGRAM = f"""
import socket, subprocess, sys, time
from pathlib import Path

for setting in sys.argv[1:]:
    name, _, value = setting.partition("=")
    Path("/proc/sys", name.replace(".", "/")).write_text(value)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ip", "address", "add", "{ADDRESS}/32", "dev", "lo"], check=True)
server = socket.create_server(("{ADDRESS}", 8000))

def answered():
    for n in range(100):
        with socket.socket() as asking:
            try:
                asking.connect(server.getsockname())
            except OSError:
                return n
            taken = server.accept()[0]
        with taken:  # who asked has closed first, as the gateway does
            taken.recv(1)
    return 100

first = answered()
time.sleep(2)  # the kernel wants a second between two uses of a port
print(first, answered())
"""


def answered(*settings: str) -> list[int]:
    """Requests until no port is left, and those two seconds later."""
    told = subprocess.run(
        [*ENTER, sys.executable, "-c", PROGRAM, *settings],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(number) for number in told.stdout.split()]


@pytest.fixture(scope="module", autouse=True)
def a_network() -> None:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("Ports were left out: install util-linux and iproute2 (names of Debian)")
    script = "ip link set lo up && test -w /proc/sys/net/ipv4/tcp_tw_reuse"
    tried = subprocess.run([*ENTER, "sh", "-c", script], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(
            "Ports were left out: run as root, or as a user that may make a network of its own"
            " (unshare --user --net)"
        )


def test_a_port_is_used_again_where_compose_says_so() -> None:
    services = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]
    given = services["gateway"].get("sysctls", {})
    few = given | {"net.ipv4.ip_local_port_range": FEW_PORTS}
    assert answered(*(f"{name}={value}" for name, value in few.items())) == [64, 64]


def test_without_it_a_port_rests_for_a_minute() -> None:
    few = f"net.ipv4.ip_local_port_range={FEW_PORTS}"
    assert answered("net.ipv4.tcp_tw_reuse=2", few) == [64, 0]
