"""`mediaops init-env`: what `docker compose up` needs and nobody may know beforehand."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mediaops_common.cli.options import settings_for

if TYPE_CHECKING:
    from mediaops_common.settings import KeySettings

__all__ = ["init_env"]

HEADING = """\
# Written by `mediaops init-env` for compose.yaml. No secret stands here: they are
# files in ./secrets. RUN_AS owns them, and the containers run as it.
"""
SERVICES = ("ingest", "content", "crm", "insights")
ENVIRONMENT = ".env"
HOST = re.compile(r"[\w.-]+|\[[0-9a-fA-F:]+\]")
PORT = re.compile(r"[0-9]{1,5}")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
"""All addresses of a machine → where commands on it ask."""
UNPRIVILEGED = 10001
"""Who the containers run as when root writes the files: root itself they never are."""


def init_env(
    directory: Annotated[
        Path, typer.Option("--directory", help="Where compose.yaml is.", metavar="DIR")
    ] = Path(),
    brokers: Annotated[int, typer.Option(help="Kafka brokers: 1 or 3.")] = 1,
    listen: Annotated[
        str, typer.Option(help="Where the gateway listens on this machine.", metavar="HOST:PORT")
    ] = "127.0.0.1:8000",
    public_url: Annotated[
        str | None, typer.Option(help="What hook URLs begin with; http://HOST:PORT without it.")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Keep what is there, write what is missing.")
    ] = False,
) -> None:
    """Writes `.env` and the folder `secrets`, for its owner only. Overwrites no key, no password
    and no setting, ever; `secrets/url` says what `.env` says."""
    kept = _settings_in(directory / ENVIRONMENT)
    # What is missing follows from what stays, and not from defaults beside it.
    listen, public_url = kept.get("GATEWAY_LISTEN", listen), kept.get("PUBLIC_URL", public_url)
    if "KAFKA_BROKERS" in kept:
        brokers = 3 if kept["KAFKA_BROKERS"].count(",") == 2 else 1
    if brokers not in (1, 3):
        raise SystemExit("--brokers is 1 or 3: two cannot agree when one of them is lost")
    host, _, port = listen.rpartition(":")
    if not HOST.fullmatch(host) or not PORT.fullmatch(port) or not 0 < int(port) <= 65535:
        raise SystemExit("--listen is an address of this machine and a port: 127.0.0.1:8000")
    if host in EVERYWHERE and public_url is None:
        raise SystemExit(f"{listen} is no address that others can ask: say --public-url too")
    public = settings_for(None, public_url=public_url or f"http://{listen}").store.public_url
    wanted = list(_files(directory, kept, _settings(brokers, listen, str(public))))
    there = [file.path for file in wanted if file.path.exists()]
    if there and not missing:
        raise SystemExit(
            f"{there[0]} is there and stays as it is; nothing was written. `--missing` adds only"
            " what is not there; for new settings move `.env` away first, and then say them all"
        )
    for file in wanted:
        if file.path in there and not file.is_outdated:
            print(f"kept {file.path}")
        else:
            _write(file)
            print(f"wrote {file.path}")


class File(NamedTuple):
    path: Path
    content: bytes
    is_mounted: bool = True
    """Whether a container reads it: the key that signs tokens is the command line's alone."""
    is_outdated: bool = False
    """Whether the one that is there is written anew: it lacks what `.env` says."""


def _files(directory: Path, kept: dict[str, str], wanted: dict[str, str]) -> Iterator[File]:
    """With the settings that `.env` has, and those that it shall have where it lacks them."""
    environment, folder = directory / ENVIRONMENT, directory / "secrets"
    # Kafka's folders know the id that they were made with, whatever becomes of `.env`.
    cluster = folder / "kafka-cluster"
    known = cluster.read_text() if cluster.exists() else kept.get("KAFKA_CLUSTER_ID", "")
    cluster_id = known.strip() or _cluster_id()
    settings = wanted | {"KAFKA_CLUSTER_ID": cluster_id} | kept
    lacking = {name: value for name, value in settings.items() if name not in kept}
    text = environment.read_text().rstrip("\n") + "\n" if environment.exists() else HEADING
    yield File(environment, (text + _lines_of(lacking)).encode(), False, bool(lacking))
    yield File(cluster, f"{cluster_id}\n".encode(), False)
    # The folder is to commands what a data directory is: `--data secrets` finds keys and system.
    host, _, port = settings["GATEWAY_LISTEN"].rpartition(":")
    here = f"http://{EVERYWHERE.get(host, host)}:{port}"
    url = f"{here}\n{settings['PUBLIC_URL']}\n"
    yield File(folder / "url", url.encode(), False, bool(lacking))
    yield from _keys(folder / "keys")
    owners = [f"{service}_owner" for service in SERVICES]
    for name in ("superuser", *SERVICES, *owners):
        yield File(folder / "databases" / name, _password())
    yield File(folder / "grafana", _password())


def _keys(folder: Path) -> Iterator[File]:
    """Made together, kept together: half of another pair would void every token."""
    import tempfile

    from mediaops_common.keys import PRIVATE, PUBLIC, SECRET, make_keys, public_pem

    with tempfile.TemporaryDirectory() as made:
        make_keys(_no_settings(), Path(made))
        private, public, secret = (Path(made, n).read_bytes() for n in (PRIVATE, PUBLIC, SECRET))
    if (folder / PRIVATE).exists():
        public = public_pem(folder / PRIVATE)
    if not (folder / PUBLIC).exists():  # else the key that signs is kept somewhere safer
        yield File(folder / PRIVATE, private, False)
    yield File(folder / PUBLIC, public)
    yield File(folder / SECRET, secret)
    yield File(folder / "revoked.txt", b"")


def _no_settings() -> "KeySettings":
    """Whatever this shell's environment says, the keys are made anew."""
    from mediaops_common.settings import KeySettings

    return KeySettings.model_construct(
        production=False,
        private_key_file=None,
        public_key_file=None,
        secrets_key=None,
        secrets_key_file=None,
    )


def _password() -> bytes:
    import secrets

    return secrets.token_urlsafe(32).encode()


def _settings_in(environment: Path) -> dict[str, str]:
    """Those of an `.env` that stays; empty without one."""
    if not environment.exists():
        return {}
    lines = (line.partition("=") for line in environment.read_text().splitlines())
    return {name.strip(): value.strip() for name, sign, value in lines if sign}


def _settings(brokers: int, listen: str, public_url: str) -> dict[str, str]:
    names = ["kafka", "kafka-2", "kafka-3"][:brokers]
    is_root = os.geteuid() == 0
    uid, gid = (UNPRIVILEGED, UNPRIVILEGED) if is_root else (os.geteuid(), os.getegid())
    return {
        "COMPOSE_PROFILES": "three-brokers" if brokers == 3 else "",
        "RUN_AS": f"{uid}:{gid}",
        "GATEWAY_LISTEN": listen,
        "PUBLIC_URL": public_url,
        "KAFKA_VOTERS": ",".join(f"{n}@{name}:9093" for n, name in enumerate(names, 1)),
        "KAFKA_BROKERS": ",".join(f"{name}:9092" for name in names),
        "KAFKA_REPLICATION": str(len(names)),
        "KAFKA_MIN_INSYNC": "2" if brokers == 3 else "1",
    }


def _lines_of(settings: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _cluster_id() -> str:
    """A random id as Kafka writes one. It must not begin with a dash: it is an argument too."""
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(b"m" + os.urandom(15)).decode().rstrip("=")


def _write(file: File) -> None:
    """Whole, new, and never readable by others in between. What it stands in for keeps its place
    and its owner."""
    for folder in (file.path.parent.parent, file.path.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    path, old = file.path, None
    if file.is_outdated and path.exists():
        path = path.resolve()
        old = path.stat()
        path = path.with_name(f"{path.name}.new")
        path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(file.content)
        opened.flush()
        os.fsync(handle)
        if os.geteuid() == 0 and old is not None:
            os.fchown(handle, old.st_uid, old.st_gid)
        elif os.geteuid() == 0 and file.is_mounted:
            os.fchown(handle, UNPRIVILEGED, UNPRIVILEGED)
    path.replace(file.path.resolve())
