"""Programs of other people's images, as this machine has them: each does what the image's does."""

import shutil
from pathlib import Path

from tests import kafka_broker, postgres

__all__ = ["missing", "write_programs"]

KAFKA = """\
#!/bin/sh
exec java $KAFKA_HEAP_OPTS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \\
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '{jars}' {main} "$@"
"""

POSTGRES = """\
#!/bin/sh
set -eu
PATH='{binaries}':$PATH
export PGHOST='{sockets}' PGPORT={port}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS \\
        --auth-local=trust --auth-host=scram-sha-256 --no-sync
    pg_ctl --pgdata="$PGDATA" --options="-c config_file='{config}' -c listen_addresses=''" -w start
    for script in '{scripts}'/*; do . "$script"; done
    pg_ctl --pgdata="$PGDATA" --mode=fast -w stop
fi
exec "$@"
"""


def missing() -> str | None:
    """One line that says what to install; None when everything is here."""
    needed = {
        "nginx": shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") is not None,
        "wget": shutil.which("wget") is not None,
        "postgresql": postgres.binaries() is not None,
        "openjdk-17-jre-headless maven": kafka_broker.can_run(),
    }
    lacking = [package for package, is_here in needed.items() if not is_here]
    if not lacking:
        return None
    return f"The rehearsal was left out: install {' '.join(lacking)} (names of Debian)"


def write_programs(folder: Path, postgres_at: Path, port: int) -> dict[str, str]:
    """Path in the image → path here of what is started by its path; the rest is in `folder`."""
    folder.mkdir()
    jars = kafka_broker.classpath()
    for name, main in (
        ("kafka-storage.sh", "kafka.tools.StorageTool"),
        ("kafka-server-start.sh", "kafka.Kafka"),
    ):
        _write(folder / name, KAFKA.format(jars=jars, main=main))
    entry_point = POSTGRES.format(
        binaries=postgres.binaries(),
        port=port,
        sockets=postgres_at / "var/run/postgresql",
        config=postgres_at / "etc/mediaops/postgresql.conf",
        scripts=postgres_at / "docker-entrypoint-initdb.d",
    )
    _write(folder / "docker-entrypoint.sh", entry_point)
    return {"/opt/kafka/bin": str(folder)}


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
