"""What a system answers over HTTP, asked as its users ask."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

__all__ = ["Surface"]


class Surface(ABC):
    """The HTTP API of a system, with tokens that the system's own command line makes."""

    http: httpx.Client

    def __init__(self, data: Path) -> None:
        self.data = data
        self.consuming = ("ingest", "crm", "insights")
        """The services that `settle` asks."""
        self._tokens: dict[tuple[str, str], str] = {}

    @abstractmethod
    def command(self, *arguments: str) -> str:
        """The last line that a `mediaops` command prints."""

    def token(self, workspace: str = "default", role: str = "owner") -> str:
        if (workspace, role) not in self._tokens:
            whose = ("--workspace", workspace, "--role", role)
            made = self.command("token", "create", "--data", str(self.data), *whose)
            self._tokens[workspace, role] = made
        return self._tokens[workspace, role]

    def forget_tokens(self) -> None:
        """After a change of the clock the old ones have expired, or are not yet valid."""
        self._tokens.clear()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        workspace: str = "default",
        role: str = "owner",
        **more: Any,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(workspace, role)}"}
        headers |= more.pop("headers", {})
        return self.http.request(method, path, json=body, headers=headers, **more)

    def ask(self, path: str, **more: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def add_channel(self, workspace: str = "default", **changes: Any) -> str:
        body = {
            "platform": "site",
            "external_id": uuid4().hex,
            "name": "Site",
            "owner_kind": "organisation",
        } | changes
        answer = self.call("POST", "/ingest/v1/channels", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def add_source(self, channel: str, workspace: str = "default", **changes: Any) -> Any:
        body = {"channel_id": channel, "adapter": "standard-webhooks"} | changes
        answer = self.call("POST", "/ingest/v1/sources", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def settle(self, seconds: float = 1_200.0) -> None:
        """Waits until nothing is pending or in flight anywhere and nothing is missing."""
        deadline = time.monotonic() + seconds
        quiet = 0
        lags: list[Any] = []
        while time.monotonic() < deadline:
            try:
                lags = [
                    self.ask(f"/{s}/v1/admin/lag", workspace="*", role="operator")
                    for s in self.consuming
                ]
            except (AssertionError, httpx.HTTPError) as error:
                lags, quiet = [error], 0  # what it asks may be on its way back
                time.sleep(0.5)
                continue
            waiting = sum(lag["in_flight"] + lag["pending"] + lag["stalls"] for lag in lags)
            quiet = quiet + 1 if waiting == 0 else 0
            if quiet == 3:
                return
            time.sleep(0.1)
        raise AssertionError(f"still waiting: {lags}")

    def audit(self) -> Any:
        """What `mediaops audit` compares."""
        operator = {"workspace": "*", "role": "operator"}
        reports = [self.ask(f"/{s}/v1/admin/audit", **operator) for s in ("crm", "insights")]
        groups = [group for report in reports for group in report["groups"]]
        answer = self.call("POST", "/ingest/v1/admin/audit", {"groups": groups}, **operator)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, workspace: str = "default", **filters: str) -> list[Any]:
        """The whole archive of a workspace."""
        items: list[Any] = []
        after: dict[str, str] = {}
        while True:
            page = self.ask(
                "/ingest/v1/events",
                workspace=workspace,
                params={"limit": "1000", **filters, **after},
            )
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}
