"""A delivery log of either kind, opened again and again in the same place."""

from dataclasses import dataclass, field

import pytest
from mediaops_common.clock import FrozenClock
from mediaops_ingest.delivery_log.intake import Limits
from mediaops_ingest.delivery_log.open import open_log
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.main import INGEST

from tests.ingest.delivery_log.builders import NOON


@pytest.fixture
def clock():
    return FrozenClock(NOON)


@dataclass
class Opens:
    """Opens the log that is in one place; each is another replica, or the same one later."""

    url: str
    clock: FrozenClock
    opened: list[DeliveryLog] = field(default_factory=list)

    async def __call__(self, **limits) -> DeliveryLog:
        patient = Limits(**({"patience_seconds": 30.0} | limits))  # no test depends on speed
        self.opened.append(await open_log(self.url, self.clock, patient))
        return self.opened[-1]


@pytest.fixture
async def opens(tmp_path, backend, clock):
    if backend.name == "sqlite":
        url = f"sqlite:///{tmp_path}/log"
    else:
        url = await backend.migrated(tmp_path, INGEST)
    opens = Opens(url, clock)
    yield opens
    for log in opens.opened:
        await log.close()


@pytest.fixture
async def log(opens):
    return await opens()
