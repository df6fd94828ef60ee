"""Real Apache Kafka brokers of the tests' own: KRaft, on free ports of this machine."""

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from uuid import uuid4

POM = Path(__file__).parents[1] / "deploy" / "kafka" / "pom.xml"
TARGET = POM.parent / "target"

MISSING = (
    "Kafka was left out: install Java 17 or newer and Maven"
    " (Debian: apt-get install openjdk-17-jre-headless maven)"
)
OLDEST_JAVA = 17

JAVA = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
"""A short-lived broker: what it costs is its start."""

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor={brokers}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={brokers}
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
initial.broker.registration.timeout.ms=600000
log.cleaner.dedupe.buffer.size=4194304
num.io.threads=2
num.network.threads=2
"""

NAME, PASSWORD = "mediaops", "correct-horse"
SECURE = """\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=\\
    org.apache.kafka.common.security.plain.PlainLoginModule required user_{name}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\\
    org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""


@cache
def can_run() -> bool:
    return shutil.which("mvn") is not None and _java_version() >= OLDEST_JAVA


def _java_version() -> int:
    """Of the `java` that would be started; 0 where none answers."""
    try:
        done = subprocess.run(
            ["java", "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    told = re.search(r'version "(?:1\.)?(\d+)', done.stderr)  # until 8 it was called 1.8
    return int(told[1]) if told and done.returncode == 0 else 0


def classpath() -> str:
    """The jars that Maven resolves for the pom, found once and noted beside it."""
    TARGET.mkdir(exist_ok=True)
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _resolved()


def _resolved() -> str:
    noted = TARGET / f"classpath-{hashlib.sha256(POM.read_bytes()).hexdigest()[:16]}"
    if not noted.exists() or not Path(noted.read_text().split(os.pathsep)[0]).exists():
        partial = TARGET / f"{noted.name}.{os.getpid()}"
        goal = ("dependency:build-classpath", f"-Dmdep.outputFile={partial}")
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", POM, *goal],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"Maven cannot resolve {POM}:\n{done.stdout[-3000:]}{done.stderr}")
        partial.replace(noted)
    return noted.read_text()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Broker:
    """One broker over one folder, that can be killed, frozen and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        node: int = 1,
        controllers: Sequence[int] = (),
        cluster_id: str | None = None,
        disk: Path | None = None,
    ) -> None:
        """`controllers`: the ports of all nodes, where there are several; `disk`: where its logs
        lie, when not in the folder."""
        self.folder = folder
        self.data = (disk or folder) / "data"
        self.cluster_id = cluster_id or new_cluster_id()
        self.port, self.secure_port = free_port(), free_port()
        controllers = controllers or [free_port()]
        self.url = f"kafka://127.0.0.1:{self.port}"
        self.secure_url = f"kafka://127.0.0.1:{self.secure_port}"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._properties = folder / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(
                node=node,
                voters=",".join(f"{n}@127.0.0.1:{p}" for n, p in enumerate(controllers, 1)),
                brokers=len(controllers),
                port=self.port,
                controller=controllers[node - 1],
                data=self.data,
            )
        )

    def be_secure(self, key_and_certificates: Path) -> None:
        """Also listens where only TLS, a name and its password let one in; before the start."""
        text = self._properties.read_text()
        listeners = text.partition("\nlisteners=")[2].partition("\n")[0]
        secure = f",SASL_SSL://127.0.0.1:{self.secure_port}"
        self._properties.write_text(
            text.replace(listeners, listeners + secure)
            + SECURE.format(keystore=key_and_certificates, name=NAME, password=PASSWORD)
        )

    def start(self, seconds: float = 600.0) -> None:
        """Returns when it answers."""
        self.launch()
        self.wait(seconds)

    def launch(self) -> None:
        if not self.data.exists():
            known = f"SCRAM-SHA-512=[name={NAME},password={PASSWORD}]"
            format_ = ("format", "-t", self.cluster_id, "--add-scram", known, "-c")
            self._java("kafka.tools.StorageTool", *format_).wait()
        self.process = self._java("kafka.Kafka")

    def wait(self, seconds: float = 600.0) -> None:
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the broker did not start:\n{self.output()}")
            time.sleep(0.05)

    def _java(self, main: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "broker.log").open("ab") as output:
            return subprocess.Popen(
                ["java", *JAVA, "-cp", classpath(), main, *arguments, str(self._properties)],
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Whether it tells which requests it knows."""
        request = struct.pack(">hhih", 18, 0, 1, -1)
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as sock:
                sock.sendall(struct.pack(">i", len(request)) + request)
                return len(sock.recv(4)) == 4
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def has_ended(self) -> bool:
        """Whether it is gone, though nobody killed it."""
        return self.process is not None and self.process.poll() is not None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self) -> None:
        """Returns when it has stopped."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def segments(self, topic: str, partition: int) -> list[Path]:
        """The files of a partition's log, oldest first."""
        return sorted((self.data / f"{topic}-{partition}").glob("*.log"))

    def output(self) -> str:
        return (self.folder / "broker.log").read_text(errors="replace")[-4_000:]


def three_brokers(folder: Path) -> list[Broker]:
    """A cluster of three; none of them runs yet."""
    controllers = [free_port() for _ in range(3)]
    shared = {"controllers": controllers, "cluster_id": new_cluster_id()}
    return [Broker(folder / f"kafka-{n}", node=n, **shared) for n in (1, 2, 3)]


@cache
def lasting_broker() -> Broker:
    """The one of this process, for systems that have topics of their own."""
    broker = Broker(Path(tempfile.mkdtemp(prefix="mediaops-kafka-")))
    atexit.register(broker.remove)
    broker.start()
    return broker


def new_cluster_id() -> str:
    """Sixteen bytes in URL-safe base64 without padding, as the storage tool wants them."""
    return urlsafe_b64encode(b"k" + uuid4().bytes[1:]).decode().rstrip("=")


if __name__ == "__main__":  # so that the jars are there before the first test wants them
    classpath()
