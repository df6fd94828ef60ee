"""The normaliser: activities a second of one process, beside decoding and storing alone."""

import asyncio
import hashlib
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import lz4.block
import msgspec
from mediaops_common.ids import new_id
from mediaops_ingest.delivery_log.port import NewDelivery

from mediaops_bench.company import CHANNELS, Company
from mediaops_bench.deliveries import DeliveryForm, deliveries
from mediaops_bench.figures import Figure, Sample
from mediaops_bench.machine import Usage
from mediaops_bench.place import is_distributed
from mediaops_bench.rounds import Effort, Rounds, in_turns
from mediaops_bench.spine import Spine, a_spine

__all__ = ["measure"]

ACTS = 20_000

FORMS: dict[str, tuple[DeliveryForm, int]] = {
    "POST /activities, 100 a request": ("posts", 100),
    "POST /activities, 10 a request": ("posts", 10),
    "signed webhooks of 10": ("list", 10),
    "signed webhooks of one, 1 KB": ("single", 1),
}

WANTED, WANTED_DISTRIBUTED = 15_000, 10_000


async def measure(effort: Effort) -> list[Figure]:
    """Fills the log, then lets the normaliser empty it; the sources are known by then."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with a_spine(Path(folder), effort.count(CHANNELS, 5)) as spine:
            company = Company([hook.channel for hook in spine.hooks])
            await _first_look(spine, company)
            for what, (form, items) in FORMS.items():
                load = _Load(spine, company, form, items, effort.count(ACTS, 100), Path(folder))
                rounds = await in_turns({"bare": load.bare, "ours": load.run}, effort.rounds)
                figures += _figures(what, rounds)
    return figures


async def _first_look(spine: Spine, company: Company) -> None:
    """One act on every channel, so that every source is in the book."""
    now = datetime.now(UTC)
    for form in ("posts", "single"):
        for channel in company.channels:
            alone = Company([channel], prefix=f"first-{form}")
            await spine.log(
                deliveries(alone, spine.sources, form=form, count=1, items=1, moment=now)
            )
    await spine.normalise()


class _Load:
    """One form of traffic, by the normaliser and by the least that any would do."""

    def __init__(
        self,
        spine: Spine,
        company: Company,
        form: DeliveryForm,
        items: int,
        acts: int,
        folder: Path,
    ) -> None:
        self.spine, self.company, self.form, self.items = spine, company, form, items
        self.acts, self.folder = acts // items * items, folder

    def _deliveries(self) -> list[NewDelivery]:
        return deliveries(
            self.company,
            self.spine.sources,
            form=self.form,
            count=self.acts // self.items,
            items=self.items,
            moment=datetime.now(UTC),
        )

    async def run(self) -> Sample:
        await self.spine.log(self._deliveries())
        used = Usage()
        await self.spine.normalise()
        used.stop()
        await self.spine.publish()  # the archive does not wait for its relay from round to round
        return _sample(self.acts, used)

    async def bare(self) -> Sample:
        """Reads the JSON, encodes it again, digests it, and stores a row an act and one blob."""
        waiting = self._deliveries()
        path = self.folder / f"bare-{new_id()}.db"
        used = Usage()
        await asyncio.to_thread(_store_bare, path, waiting)
        return _sample(self.acts, used.stop())


def _store_bare(path: Path, waiting: Sequence[NewDelivery]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE act (key BLOB PRIMARY KEY, digest BLOB, seq INTEGER)")
    connection.execute("CREATE TABLE chunk (blob BLOB)")
    rows, encoded = [], []
    for seq, delivery in enumerate(waiting):
        body = msgspec.json.decode(delivery.body)
        acts = body if isinstance(body, list) else body["data"]
        for item, act in enumerate(acts if isinstance(acts, list) else [acts]):
            raw = msgspec.json.encode(act)
            digest = hashlib.blake2b(raw, digest_size=16).digest()
            rows.append((delivery.id.bytes + item.to_bytes(2, "big"), digest, seq))
            encoded.append(raw)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO act VALUES (?, ?, ?)", rows)
    connection.execute("INSERT INTO chunk VALUES (?)", (lz4.block.compress(b"".join(encoded)),))
    connection.execute("COMMIT")
    connection.close()
    path.unlink()


def _sample(acts: int, used: Usage) -> Sample:
    return {"rate": acts / used.seconds, "cpu rate": acts / max(used.cpu, 0.001)}


def _figures(what: str, rounds: Rounds) -> list[Figure]:
    found = []
    for name, unit in (("rate", "activities/s"), ("cpu rate", "activities/CPU-s")):
        found.append(
            Figure(
                what,
                "decode, digest, store a row each in SQLite",
                rounds.spread("bare", name),
                unit,
            )
        )
        value = rounds.spread("ours", name)
        least = WANTED_DISTRIBUTED if is_distributed() else WANTED
        met = value.middle >= least if name == "rate" else None
        wanted = f"≥ {least:,} a process" if name == "rate" else ""
        ratios = {"bare": rounds.ratio("ours", "bare", name)}
        found.append(Figure(what, "the normaliser", value, unit, ratios, wanted, met))
    return found
