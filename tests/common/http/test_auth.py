"""Who may come in: every wrong token gets the same 401, every role only what it may."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_common.auth import issue_token, revoke
from mediaops_common.ids import workspace_id

from tests.common.http.fake import NOW, Running

ME = "/fake/v1/me"


def claims(**changes: Any) -> dict[str, Any]:
    issued = int(NOW.timestamp())
    found = {
        "iss": "mediaops",
        "aud": "mediaops",
        "sub": "somebody",
        "workspace": "acme",
        "role": "owner",
        "jti": "a",
        "iat": issued,
        "exp": issued + 600,
    } | changes
    return {name: value for name, value in found.items() if value is not ...}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def public_pem(fake: Running) -> bytes:
    return fake.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def signed(fake: Running, **changes: Any) -> str:
    return jwt.encode(claims(**changes), fake.private, algorithm="EdDSA")


def hs256_with_the_public_key(fake: Running) -> str:
    import hashlib
    import hmac

    head = encoded({"alg": "HS256", "typ": "JWT"})
    signing = f"{head}.{encoded(claims())}"
    mac = hmac.new(public_pem(fake), signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered(fake: Running) -> str:
    head, _, signature = signed(fake).split(".")
    return f"{head}.{encoded(claims(role='operator'))}.{signature}"


LATER = int(NOW.timestamp())
FORGERIES: dict[str, Callable[[Running], str]] = {
    "alg none": lambda _: f"{encoded({'alg': 'none'})}.{encoded(claims())}.",
    "alg None with a signature": lambda fake: (
        f"{encoded({'alg': 'None'})}.{encoded(claims())}.{signed(fake).split('.')[2]}"
    ),
    "HS256 with the public key": hs256_with_the_public_key,
    "another key": lambda _: jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA"),
    "its own key in the header": lambda _: jwt.encode(
        claims(),
        Ed25519PrivateKey.generate(),
        algorithm="EdDSA",
        headers={"jku": "http://127.0.0.1/", "kid": "../../etc/passwd"},
    ),
    "changed claims": tampered,
    "expired": lambda fake: signed(fake, iat=LATER - 700, exp=LATER - 10),
    "from the future": lambda fake: signed(fake, iat=LATER + 60),
    "not before": lambda fake: signed(fake, nbf=LATER + 60),
    "another audience": lambda fake: signed(fake, aud="others"),
    "another issuer": lambda fake: signed(fake, iss="others"),
    "an unknown role": lambda fake: signed(fake, role="root"),
    "a role that is a list": lambda fake: signed(fake, role=["owner"]),
    "all workspaces as owner": lambda fake: signed(fake, workspace="*"),
    "an unknown workspace": lambda fake: signed(fake, workspace="nobody"),
    "a workspace with NUL": lambda fake: signed(fake, workspace="ac\x00me"),
    "a workspace that is a number": lambda fake: signed(fake, workspace=7),
    "a partner without sources": lambda fake: signed(fake, role="partner"),
    "sources that are no ids": lambda fake: signed(fake, role="partner", sources=["x"]),
    "sources that are no list": lambda fake: signed(fake, role="partner", sources="x"),
    "an owner with sources": lambda fake: signed(fake, sources=[str(uuid4())]),
    "an expiry that is a text": lambda fake: signed(fake, exp="tomorrow"),
    "an expiry that is true": lambda fake: signed(fake, exp=True),
    "an endless expiry": lambda fake: signed(fake, exp=float("inf")),
    "no expiry": lambda fake: signed(fake, exp=...),
    "no audience": lambda fake: signed(fake, aud=...),
    "no issuer": lambda fake: signed(fake, iss=...),
    "no id": lambda fake: signed(fake, jti=...),
    "no workspace": lambda fake: signed(fake, workspace=...),
    "no subject": lambda fake: signed(fake, sub=...),
    "claims that are a list": lambda fake: f"{encoded({'alg': 'EdDSA'})}.{encoded([])}.AAAA",
    "a header that is a list": lambda fake: f"{encoded([])}.{encoded(claims())}.AAAA",
    "deep nesting": lambda fake: "W1tb" * 2000 + ".e30.AAAA",
    "two parts": lambda fake: "a.b",
    "dots": lambda fake: "....",
    "nothing": lambda fake: "",
    "ten thousand letters": lambda fake: "a" * 10_000,
}


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "https://mediaops.example/problems/unauthorised",
        "title": "A valid token is required",
        "status": 401,
    }


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_token_is_refused(forge: Callable[[Running], str], fake: Running) -> None:
    fake.runtime.workspaces.wait_seconds = 0
    async with fake.client() as client:
        check_refused(await client.get(ME, headers={"Authorization": f"Bearer {forge(fake)}"}))


async def test_the_tests_own_claims_are_accepted_when_nothing_is_wrong(fake: Running) -> None:
    async with fake.client(Authorization=f"bearer {signed(fake)}") as client:
        assert (await client.get(ME)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [b"", b"Basic YTpi", b"Bearer", b"Bearer ", b"Bearer \xff\xfe", "Bearer 小王".encode()],
)
async def test_a_header_without_token_is_refused(header: bytes, fake: Running) -> None:
    async with fake.client() as client:
        check_refused(await client.get(ME, headers=[(b"Authorization", header)]))


async def test_without_header_and_with_two_it_is_refused(fake: Running) -> None:
    good = ("Authorization", f"Bearer {fake.token()}")
    async with fake.client() as client:
        check_refused(await client.get(ME))
        check_refused(await client.get(ME, headers=[good, good]))
        assert (await client.get(f"{ME}?token={fake.token()}")).status_code == 401


async def test_a_revoked_token_is_refused_and_others_still_hold(fake: Running) -> None:
    token, other = fake.token(), fake.token()
    denied = fake.runtime.authenticator.denied
    async with fake.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get(ME, headers=headers)).status_code == 200
        revoke(denied.path, jwt.decode(token, options={"verify_signature": False})["jti"])
        denied._look_again = 0
        check_refused(await client.get(ME, headers=headers))
        answer = await client.get(ME, headers={"Authorization": f"Bearer {other}"})
        assert answer.status_code == 200


async def test_a_token_ends_by_the_domain_clock(fake: Running) -> None:
    headers = fake.bearer(lifetime=timedelta(minutes=10))
    async with fake.client(**headers) as client:
        assert (await client.get(ME)).status_code == 200
        fake.clock.moment += timedelta(minutes=11)
        check_refused(await client.get(ME))


async def test_a_role_that_is_too_small_is_forbidden(fake: Running) -> None:
    async with fake.client(**fake.bearer(role="analyst")) as client:
        answer = await client.post("/fake/v1/notes", json={"title": "a"})
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/forbidden")
        assert (await client.get("/fake/v1/notes")).status_code == 200


async def test_an_operator_of_the_installation_sees_no_data(fake: Running) -> None:
    async with fake.client(**fake.bearer("*", "operator")) as client:
        assert (await client.get("/fake/v1/notes")).status_code == 403
        assert (await client.get("/fake/v1/notes/admin/lag")).status_code == 200
        me = (await client.get(ME)).json()
        assert me["workspace"] == "*"
        assert me["workspace_id"] is None


async def test_a_partner_passes_only_where_partners_are_meant(fake: Running) -> None:
    source = uuid4()
    async with fake.client(**fake.bearer(role="partner", sources=[source])) as client:
        assert (await client.get("/fake/v1/notes/staff/ingest")).status_code == 403
        answer = await client.get("/fake/v1/notes/partners/only")
        assert answer.json() == {"sources": [str(source)]}


async def test_the_token_is_proved_before_the_body_is_read(fake: Running) -> None:
    async def body() -> Any:
        yield b"[" * 10
        raise AssertionError("the body of an unproved request was read on")

    async with fake.client() as client:
        check_refused(await client.post("/fake/v1/notes", content=body()))


async def test_another_workspace_is_another_world(fake: Running) -> None:
    await fake.add_workspace("other", "UTC")
    async with (
        fake.client(**fake.bearer()) as mine,
        fake.client(**fake.bearer("other")) as theirs,
    ):
        note = (await mine.post("/fake/v1/notes", json={"title": "mine"})).json()
        assert (await theirs.get(f"/fake/v1/notes/{note['id']}")).status_code == 404
        assert (await theirs.get("/fake/v1/notes")).json()["items"] == []


async def test_a_workspace_heard_of_late_is_waited_for(fake: Running) -> None:
    import asyncio

    async with fake.client(**fake.bearer("late")) as client:
        asking = asyncio.create_task(client.get(ME))
        await asyncio.sleep(0.2)
        await fake.add_workspace("late", "Europe/Berlin")
        answer = await asking
    assert answer.json()["workspace_id"] == str(workspace_id("late"))
    assert answer.json()["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("workspace", "role", "sources"),
    [("acme", "root", []), ("*", "owner", []), ("acme", "partner", []), ("acme", "owner", ["x"])],
)
def test_no_token_is_made_that_no_service_would_accept(
    workspace: str, role: str, sources: list[Any]
) -> None:
    from mediaops_common.settings import KeySettings

    with pytest.raises(ValueError, match=r"role|operator|partner"):
        issue_token(
            Ed25519PrivateKey.generate(),
            KeySettings(),
            NOW,
            workspace=workspace,
            role=role,
            lifetime=timedelta(hours=1),
            sources=sources,
        )
