"""What `mediaops up` does once the server answers: workspaces, the printed link, the demo."""

import asyncio
import sys
from typing import TYPE_CHECKING

from mediaops_common.cli.connection import Answered, Connection, connect
from mediaops_common.cli.demo import demo_command, play
from mediaops_common.cli.links import sign_in_link

if TYPE_CHECKING:
    from mediaops_common.settings import Settings

__all__ = ["Opening"]

ZONE = "Asia/Shanghai"


class Opening:
    """Speaks to the system through its own front door, as everybody else does."""

    def __init__(
        self, settings: "Settings", *, has_ingest: bool, demo: bool, timezone: str | None
    ) -> None:
        self.has_ingest = has_ingest
        self.settings = settings
        self.demo = demo
        self.timezone = timezone

    async def tell(self, url: str, stopping: asyncio.Event) -> None:
        """Makes what is missing, prints the links, then plays the demonstration."""
        data = self.settings.store.data
        if self.has_ingest:
            await asyncio.to_thread(self._ensure_workspaces, url)
        public = self.settings.store.public_url or url
        (data / "url").write_text(f"{url}\n" if public == url else f"{url}\n{public}\n")
        command = demo_command(url, data) if self.demo else None
        if self.demo:
            print(f"mediaops demo: {sign_in_link(self.settings, public, 'demo')}", flush=True)
        print(f"mediaops: {sign_in_link(self.settings, public, 'default')}", flush=True)
        if command is not None:
            await play(command, stopping)
        elif self.demo:
            print("the demonstration is not installed (mediaops-simulator)", flush=True)

    def _ensure_workspaces(self, url: str) -> None:
        operator = connect(self.settings, url=url, token=None, workspace="*", role="operator")
        is_new = _ensure(operator, "default", "Default", self.timezone or ZONE)
        if not is_new and self.timezone:
            self._move(connect(self.settings, url=url, token=None), self.timezone)
        if self.demo:
            _ensure(operator, "demo", "Demo", ZONE)

    def _move(self, owner: Connection, timezone: str) -> None:
        """Changes the zone of `default`; only until its first activity, which ingest decides."""
        own = owner.get("/ingest/v1/workspaces")["items"][0]
        if own["timezone"] == timezone:
            return
        path = f"/ingest/v1/workspaces/{own['id']}"
        try:
            owner.call("PATCH", path, {"timezone": timezone}, **{"If-Match": f'"{own["version"]}"'})
        except Answered as answer:
            print(f"mediaops: the zone stays {own['timezone']}: {answer}", file=sys.stderr)


def _ensure(connection: Connection, slug: str, name: str, timezone: str) -> bool:
    """Makes the workspace; False when it was there."""
    body = {"slug": slug, "name": name, "timezone": timezone}
    try:
        connection.post("/ingest/v1/workspaces", body)
    except Answered as answer:
        if answer.status != 409:
            raise SystemExit(f"the workspace {slug} could not be made: {answer}") from None
        return False
    return True
