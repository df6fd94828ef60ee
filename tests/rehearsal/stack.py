"""compose.yaml without its engine: each container's own command, environment and configuration, as
a process of this machine behind an address of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests.rehearsal.composed import ROOT, Container, containers_of, read_env
from tests.rehearsal.names import NameServer
from tests.rehearsal.programs import write_programs
from tests.rehearsal.table import Table

__all__ = ["Stack"]

PORTS = (8000, 8080, 9092, 9093, 5432)
NETWORK = "172.30.91.0/24"
NETS = count(os.getpid() % 200)
STRANGERS = ("postgres:", "nginx:")
"""Images whose programs refuse root, or give it up: under root they run as nobody."""
PATIENCE = 900.0


class Stack:
    """All containers of the file. They may be killed and started again, or get replicas."""

    def __init__(self, folder: Path, *profiles: str) -> None:
        """`folder` is what `mediaops init-env` was run in."""
        self.folder = folder
        self.home = Path(tempfile.mkdtemp(prefix="mediaops-rehearsal-"))
        self.home.chmod(0o755)
        environment = read_env(folder / ".env")
        self.containers = containers_of(environment, *profiles)
        self.names = NameServer()
        net = f"127.{next(NETS) % 200 + 20}.{os.getpid() % 250}"
        ports = {port: _free(f"{net}.1") for port in PORTS}
        ports[8080] = int(environment["GATEWAY_LISTEN"].rpartition(":")[2])
        self.ports, self.port = ports, ports[8080]
        addresses = {name: f"{net}.{n}" for n, name in enumerate(self.containers, 10)}
        addresses["gateway"] = "127.0.0.1"  # its port is published on this machine
        programs = write_programs(self.home / "programs", self.home / "postgres", ports[5432])
        self.table = Table(addresses, ports, self.names.address, NETWORK, programs)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._replicas = (f"{net}.{n}" for n in range(100, 250))
        self._starting = threading.Lock()

    def start(self, only: set[str] | None = None, **environment: str) -> None:
        """Starts what does not run, each when what it waits for is healthy or done.

        `environment` is added to that of our own containers: a test's clock or failpoint.
        """
        todo = [name for name in self.containers if only is None or name in only]
        reached: dict[str, threading.Event] = {name: threading.Event() for name in todo}
        failures: list[BaseException] = []

        def run(name: str) -> None:
            try:
                for needed in self.containers[name].after:
                    if needed in reached and not reached[needed].wait(PATIENCE):
                        return
                if not failures:
                    self._reach(self.containers[name], environment)
                    reached[name].set()
            except BaseException as error:
                failures.append(error)
                for event in reached.values():
                    event.set()

        threads = [threading.Thread(target=run, args=(name,)) for name in todo]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _reach(self, container: Container, environment: dict[str, str]) -> None:
        """Starts it and waits: for the end of a job, for the health of all others."""
        more = environment if container.image.startswith("mediaops-") else {}
        process = self.running.get(container.name)
        if process is None or process.poll() is not None:
            process = self._run(container, container.name, self.table, more)
        if container.is_job:
            if process.wait(PATIENCE) != 0:
                raise AssertionError(f"{container.name} failed:\n{self.output(container.name)}")
            self.running.pop(container.name, None)
            return
        self._await_health(container, container.name, self.table, process)
        self.names.addresses.setdefault(container.name, [self.table.addresses[container.name]])

    @property
    def printed(self) -> str:
        """The table, with what is mounted into each container."""
        tables = (
            self.table.of(name, self._paths(container, self.home / name))
            for name, container in self.containers.items()
        )
        return str(self.table.whole(tables))

    def replicate(self, name: str) -> str:
        """Another replica, as `--scale` starts one; returns its name."""
        container, address = self.containers[name], next(self._replicas)
        replica = f"{name}-{address.rpartition('.')[2]}"
        table = self.table.with_host(name, address)
        process = self._run(container, replica, table, {})
        self._await_health(container, replica, table, process)
        self.names.addresses[name].append(address)
        return replica

    def _run(
        self, container: Container, name: str, table: Table, more: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        place = self.home / name
        place.mkdir(exist_ok=True)
        table = table.of(container.name, self._paths(container, place))
        user = _user_of(container)
        with self._starting:
            self._mount(container, place, table, user)
        environment = {"PATH": self._path(), "LC_ALL": "C.UTF-8"}
        environment |= {key: table.value(value) for key, value in container.environment.items()}
        with (self.home / f"{name}.log").open("ab") as log:
            os.fchmod(log.fileno(), 0o666)  # nginx opens its standard output once more
            process = subprocess.Popen(
                [table.put(word) for word in container.command],
                env=environment | more,
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user and user.pw_uid,
                group=user and user.pw_gid,
                extra_groups=[] if user else None,
            )
        self.running[name] = process
        return process

    def _path(self) -> str:
        here = [str(self.home / "programs"), str(Path(sys.executable).parent)]
        return os.pathsep.join([*here, "/usr/local/sbin", "/usr/sbin", os.defpath])

    def _paths(self, container: Container, place: Path) -> dict[str, Path]:
        paths = {"/run/secrets": place / "run/secrets"}
        for target, source in container.mounts.items():
            is_file = source.startswith("./")
            paths[target] = place / target[1:] if is_file else self.home / "volumes" / source
        for target in container.folders:
            paths[target] = place / target[1:]
        scripts = "/docker-entrypoint-initdb.d"
        return paths | {scripts: place / scripts[1:]}

    def _mount(
        self,
        container: Container,
        place: Path,
        table: Table,
        user: pwd.struct_passwd | None,
    ) -> None:
        """What is mounted: configuration read through the table, secrets as they are."""
        for target, source in container.mounts.items():
            if source.startswith("./"):
                self._copy(ROOT / source, place / target[1:], table)
            else:
                (self.home / "volumes" / source).mkdir(parents=True, exist_ok=True)
        for folder in container.folders:
            (place / folder[1:]).mkdir(parents=True, exist_ok=True)
        (place / "run/secrets").mkdir(parents=True, exist_ok=True)
        for name, source in container.secrets.items():
            mounted = place / "run/secrets" / name
            if name == "revoked":  # the only one that changes while it is mounted
                mounted.unlink(missing_ok=True)
                mounted.symlink_to(self.folder / source)
            else:
                shutil.copyfile(self.folder / source, mounted)
                mounted.chmod(0o600)
        if user is not None:
            volumes = (self.home / "volumes" / s for s in container.mounts.values())
            for path in [place, *place.rglob("*"), *(v for v in volumes if v.is_dir())]:
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def _copy(self, source: Path, target: Path, table: Table) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(table.put(source.read_text()))

    def _await_health(
        self, container: Container, name: str, table: Table, process: subprocess.Popen[bytes]
    ) -> None:
        assert container.check is not None, f"{name} has no check"
        place = self.home / name
        table = table.of(container.name, self._paths(container, place))
        environment = {key: table.value(value) for key, value in container.environment.items()}
        inside = table.inside(container.name)
        binaries = Path(str(_postgres_binaries()))
        path = os.pathsep.join([self._path(), str(binaries)])
        deadline = time.monotonic() + PATIENCE
        while True:
            if process.poll() is not None:
                raise AssertionError(f"{name} ended {process.returncode}:\n{self.output(name)}")
            check = subprocess.run(
                [inside.put(word) for word in container.check],
                env={"PATH": path} | environment,
                capture_output=True,
                check=False,
            )
            if check.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} is not healthy:\n{self.output(name)}")
            time.sleep(1.0)  # as compose.yaml says: start_interval

    def place(self, name: str) -> tuple[str, int]:
        """Where a container of ours listens."""
        return self.table.addresses[name], self.ports[8000]

    def own(self) -> Iterator[str]:
        """The names of the running containers that are ours."""
        for name in list(self.running):
            if any(name.startswith(s) for s in ("ingest", "content", "crm", "insights", "console")):
                yield name

    def kill(self, name: str) -> None:
        """`kill -9` of one container."""
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        """SIGTERM, as `docker compose stop`; returns the exit code."""
        process = self.running[name]
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE)
        del self.running[name]
        return code

    def output(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")[-6_000:]

    def close(self) -> None:
        """Ends everything and removes what it wrote."""
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            stack.callback(self.names.close)
            for name in list(self.running):
                stack.callback(self.kill, name)


def _user_of(container: Container) -> pwd.struct_passwd | None:
    is_stranger = container.image.startswith(STRANGERS)
    return pwd.getpwnam("nobody") if is_stranger and os.geteuid() == 0 else None


def _postgres_binaries() -> Path:
    from tests.postgres import binaries

    found = binaries()
    assert found is not None
    return found


def _free(host: str) -> int:
    with socket.socket() as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])
