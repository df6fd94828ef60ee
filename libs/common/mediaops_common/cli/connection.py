"""Speaks HTTP to a running system: where it is, with which token, and what it answers."""

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mediaops_common.cli.opener import build_opener
from mediaops_common.cli.options import sign

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = [
    "Answered",
    "Connection",
    "connect",
    "connect_operator",
    "encoded",
    "find_public_url",
    "find_url",
    "or_exit",
]

PATIENCE_SECONDS = 60.0
"""A command waits so long for a system that is busy or whose database is away for a moment."""


class Answered(Exception):
    """The system answered with a problem."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        said = problem.get("detail") or problem.get("title") or f"status {status}"
        super().__init__(f"the request is too large: {said}" if status == 413 else said)
        self.status = status
        self.problem = problem


def encoded(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON that is no longer than it need be: limits count the bytes of a request. Half of a
    surrogate pair, which has none, is left as the escape that it came as."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=sort_keys)
    return text.encode("utf-8", "backslashreplace")


@contextlib.contextmanager
def or_exit() -> Iterator[None]:
    """A problem that the system answers with ends the command with its sentence."""
    try:
        yield
    except Answered as answer:
        raise SystemExit(str(answer)) from None


def find_url(settings: "Settings", url: str | None) -> str:
    """The given URL, else that of the `mediaops up` which owns the data directory."""
    return url.rstrip("/") if url else _told(settings)[0]


def find_public_url(settings: "Settings", url: str | None) -> str:
    """What its links begin with: as this command is told, else as that `mediaops up` was."""
    if settings.store.public_url:
        return settings.store.public_url.rstrip("/")
    return url.rstrip("/") if url else _told(settings)[-1]


def _told(settings: "Settings") -> list[str]:
    """Where it listens, then what its links begin with when that is another address."""
    try:
        return (settings.store.data / "url").read_text().split() or [""]
    except OSError:
        raise SystemExit(
            f"no mediaops runs on {settings.store.data}: start it with `mediaops up`, or pass --url"
        ) from None


class Connection:
    """Calls of one command. Uses the standard library: a command shall start at once."""

    def __init__(self, url: str, token: str, *, made_for: str | None = None) -> None:
        """`made_for` is the workspace of a token that was made here, not given."""
        parsed = urllib.parse.urlsplit(url)
        if parsed.scheme not in {"http", "https"} or not parsed.netloc:
            raise SystemExit(f"{url} is not an http:// or https:// address")
        self.url = url
        self.token = token
        self.made_for = made_for
        self.patience = 0.0
        """For so many seconds what is refused with a `Retry-After` is sent again after it."""
        self._opener = build_opener()

    def get(self, path: str, **query: Any) -> Any:
        given = {name.rstrip("_"): value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urllib.parse.urlencode(given)}" if given else path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, {} if body is None else body)

    def find(self, path: str) -> Any:
        """The answer, or None where there is no such route: a service that is not installed."""
        try:
            return self.get(path)
        except Answered as answer:
            if answer.status == 404:
                return None
            raise

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The decoded answer. Raises Answered for a problem; exits when nobody answers."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else encoded(body),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **headers,
            },
        )
        try:
            with self._open(request) as answer:
                raw = answer.read()
                return json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            if error.code == 401 and self.made_for is not None:
                raise SystemExit(self._not_known()) from None
            raise Answered(error.code, _problem(error.read())) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise SystemExit(f"nothing answers at {self.url}: {reason}") from None

    def _not_known(self) -> str:
        keys = "the keys of another data directory sign its tokens (--data)"
        if self.made_for == "*":
            return f"{self.url} refuses our token: {keys}"
        return f"{self.url} has no workspace {self.made_for}, or {keys}"

    def knock(self, hook_url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of one request at a hook; the hook's path is tried where the system is."""
        path = urllib.parse.urlsplit(hook_url).path
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with self._open(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, OSError) as error:
            raise SystemExit(f"nothing answers at {self.url}: {error}") from None

    def _open(self, request: urllib.request.Request) -> Any:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return self._opener.open(request, timeout=60)
            except urllib.error.HTTPError as error:
                pause = error.headers.get("Retry-After", "")
                if not pause.isdecimal() or time.monotonic() + int(pause) > deadline:
                    raise
                error.close()
            time.sleep(int(pause))


def _problem(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def connect(
    settings: "Settings",
    *,
    url: str | None,
    token: str | None,
    workspace: str = "default",
    role: str = "owner",
) -> Connection:
    """A patient connection with the given token, else one made from the data directory for an
    hour."""
    found = find_url(settings, url)
    if token:
        connection = Connection(found, token)
    else:
        made = sign(settings, workspace=workspace, role=role, lifetime=timedelta(hours=1))
        connection = Connection(found, made, made_for=workspace)
    connection.patience = PATIENCE_SECONDS
    return connection


def connect_operator(settings: "Settings", *, url: str | None, token: str | None) -> Connection:
    """A connection of who runs the installation: to every workspace, and to no data."""
    return connect(settings, url=url, token=token, workspace="*", role="operator")
