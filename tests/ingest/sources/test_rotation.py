"""Secrets are changed while deliveries come, and not one of them is refused."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

import httpx
import pytest
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.registry import ADAPTERS, attachable

from tests.ingest.platforms.chinese_signers import CHINESE, a_kuaishou_push
from tests.ingest.platforms.international_signers import INTERNATIONAL
from tests.ingest.platforms.signers import CLIENT_SECRET, SECRET, WECHAT
from tests.ingest.running import NOW, serving, signed

SENDERS = 6
ROTATIONS = 5
EACH = 3
"""Deliveries of each sender between two rotations, at least, with either secret."""


class Load:
    """Senders that never wait for each other: right after a change some use the new secret and
    some the old one, before the next change all have learnt the new one."""

    def __init__(self, ingest, source, sign):
        self.ingest, self.source, self.sign = ingest, source, sign
        self.known = [source["secrets"]]
        self.usable = 1
        self.answers, self.sent = Counter(), Counter()
        self.answered = asyncio.Condition()
        self.is_over = False

    async def send(self, sender: int) -> None:
        dice, number = random.Random(sender), 0
        async with httpx.AsyncClient() as client:
            while not self.is_over:
                number += 1
                secrets = dice.choice(self.known[-self.usable :])
                body, headers = self.sign(self, secrets, f"{sender}-{number}")
                answer = await client.post(self.source["hook_url"], content=body, headers=headers)
                async with self.answered:
                    self.answers[answer.status_code] += 1
                    self.sent[sender] = number
                    self.answered.notify_all()

    async def rotate(self, secrets) -> None:
        path = f"/sources/{self.source['id']}/rotate-secret"
        answer = await self.ingest.call("POST", path, {"overlap_hours": 1, **secrets})
        assert answer.status_code == 200, answer.text
        self.known.append(answer.json()["secrets"])
        self.usable = 2

    async def settle(self) -> None:
        """Until all senders have got on, and then know nothing but the newest."""
        await self._more(EACH)
        self.usable = 1
        # What was on its way is answered, and what is signed from now on is signed anew.
        await self._more(2)

    async def _more(self, each: int) -> None:
        wanted = {sender: self.sent[sender] + each for sender in range(SENDERS)}
        async with self.answered:
            await self.answered.wait_for(
                lambda: all(self.sent[sender] >= number for sender, number in wanted.items())
            )


def standard(load, secrets, id_):
    return b"{}", signed(secrets["secret"], b"{}", load.ingest.clock.now(), id_=id_)


def kuaishou(load, secrets, id_):
    push = a_kuaishou_push("X", {}, message_id=id_, secret=secrets["app_secret"])
    return push.body, {name.decode(): value.decode() for name, value in push.headers}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("adapter", "sign", "given"),
    [
        ("standard-webhooks", standard, lambda turn: {}),
        ("kuaishou", kuaishou, lambda turn: {"secrets": {"app_secret": f"secret-{turn}"}}),
    ],
)
async def test_no_delivery_is_refused_while_secrets_change(tmp_path, backend, adapter, sign, given):
    async with serving(tmp_path, backend) as ingest:
        source = await ingest.add_source(adapter=adapter, **given(0))
        load = Load(ingest, source, sign)
        async with asyncio.TaskGroup() as senders:
            for sender in range(SENDERS):
                senders.create_task(load.send(sender))
            for turn in range(1, ROTATIONS + 1):
                await load.settle()
                await load.rotate(given(turn))
            await load.settle()
            load.is_over = True
        # Where the disk halts for longer than the door waits, each sender hears 503 once, and would
        # come again: what it sent may be kept all the same.
        busy = load.answers.pop(503, 0)
        assert busy <= SENDERS
        assert {status // 100 for status in load.answers} == {2}
        accepted = load.answers.total()
        assert accepted <= len(await ingest.logged()) <= accepted + busy
        assert len({str(secrets) for secrets in load.known}) == ROTATIONS + 1


async def test_secrets_hold_for_their_overlap_however_often_they_are_changed(ingest):
    source = await ingest.add_source()
    path = f"/sources/{source['id']}/rotate-secret"
    known = [source["secrets"]["secret"]]
    for hours in (3, 1, 5):
        answer = (await ingest.call("POST", path, {"overlap_hours": hours})).json()
        known.append(answer["secrets"]["secret"])
    for later, held in ((0, 4), (1, 2), (5, 1)):
        ingest.clock.moment = NOW + timedelta(hours=later)
        statuses = []
        for number, secret in enumerate(known):
            headers = signed(secret, b"{}", ingest.clock.now(), id_=f"{later}-{number}")
            statuses.append(
                (await ingest.knock(source, content=b"{}", headers=headers)).status_code
            )
        assert statuses == [401] * (4 - held) + [202] * held
    assert (await ingest.call("POST", path, {"overlap_hours": 0})).status_code == 200
    headers = signed(known[-1], b"{}", ingest.clock.now())
    assert (await ingest.knock(source, content=b"{}", headers=headers)).status_code == 401


PUBLIC_KEY = "whpk_" + base64.b64encode(bytes(range(32))).decode()
STANDARD = {"secret": SECRET, "secrets": [SECRET], "public_key": PUBLIC_KEY}
GIVEN: dict[str, dict[str, object]] = {
    "standard-webhooks": STANDARD,
    "svix": STANDARD,
    "douyin-open": {"client_secret": CLIENT_SECRET},
    "wechat-oa": WECHAT,
}
for scheme, _, secrets, _ in (*CHINESE, *INTERNATIONAL):
    GIVEN[scheme] = {"bearer": "b"} | secrets | GIVEN.get(scheme, {})


def kinds_of(declaration: Declaration) -> Iterator[frozenset[str]]:
    """The keys of each proof alone, of two beside each other, and with what may come beside."""
    proofs = declaration.proofs
    yield from proofs
    yield from (one | other for one, other in combinations(proofs, 2) if not one & other)
    secret = {key.name for key in declaration.keys if not key.is_setting}
    if beside := secret.difference(*proofs):
        yield min(proofs, key=len, default=frozenset()) | beside


KINDS = [
    pytest.param(one.declaration.name, kind, id=f"{one.declaration.name}: {' '.join(sorted(kind))}")
    for one in attachable()
    for kind in kinds_of(one.declaration)
]


def test_every_adapter_that_has_secrets_is_rotated_below():
    having = {one.declaration.name for one in attachable() if one.declaration.keys}
    assert {param.values[0] for param in KINDS} == having


@pytest.mark.parametrize(("name", "kind"), KINDS)
async def test_a_rotation_that_brings_nothing_ends_no_proof_of_the_platforms(ingest, name, kind):
    adapter = ADAPTERS[name]
    generated = {key.name for key in adapter.declaration.keys if key.generate}
    given = {key: GIVEN.get(name, {"bearer": "b"})[key] for key in kind}
    source = await ingest.add_source(adapter=name, secrets=given)
    answer = await ingest.call("POST", f"/sources/{source['id']}/rotate-secret")
    known = given
    if kind & generated:
        assert answer.status_code == 200, answer.text
        known = answer.json()["secrets"]
        anew = {key for key in known if known[key] != given.get(key)}
        assert (known.keys(), anew) == (kind, kind & generated)
    else:
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"].startswith("secrets")
    ingest.clock.moment += timedelta(hours=25)  # past every overlap
    sample = adapter.sample(known, source["config"], now=ingest.clock.now(), unique="u" * 32)
    if sample is None:
        return  # only the platform can sign
    sent = {"content": sample.body, "headers": sample.headers, "params": sample.query.decode()}
    below = f"/{sample.path}" if sample.path else ""
    taken = await ingest.knock(source, sample.method, below=below, **sent)
    assert taken.is_success, taken.text
    assert [str(one.source_id) for one in await ingest.logged()] == [source["id"]]


@pytest.mark.parametrize("secrets", [{}, {"public_key": None}, {"secret": None}])
async def test_null_is_no_new_secret(ingest, secrets):
    source = await ingest.add_source(secrets={"public_key": PUBLIC_KEY})
    path = f"/sources/{source['id']}/rotate-secret"
    answer = await ingest.call("POST", path, {"secrets": secrets})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "secrets")


async def test_a_setting_alone_is_no_new_secret(ingest):
    partner = await ingest.add_source(adapter="generic", secrets={"bearer": "b"})
    setting = {"secrets": {"encoding": "base64"}}
    answer = await ingest.call("POST", f"/sources/{partner['id']}/rotate-secret", setting)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "secrets")
    ours = await ingest.add_source(adapter="generic")
    answer = await ingest.call("POST", f"/sources/{ours['id']}/rotate-secret", setting)
    assert answer.json()["secrets"].keys() == {"secret"}
    shown = await ingest.call("GET", f"/sources/{ours['id']}")
    assert shown.json()["config"] == {"encoding": "base64"}
