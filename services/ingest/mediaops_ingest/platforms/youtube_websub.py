"""YouTube's push notifications over WebSub: which videos a channel put up, changed or took down.

Source: developers.google.com, `youtube/v3/guides/push_notifications`; W3C WebSub.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from mediaops_ingest.platforms import xml
from mediaops_ingest.platforms.declaration import (
    BadSetting,
    Declaration,
    Key,
    generate_token,
)
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Handshake,
    Item,
    Lease,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import same
from mediaops_ingest.platforms.pushes import bounded
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_rfc3339
from mediaops_ingest.platforms.verifying import LiveVerifier, Proof, echoed, secret_text

__all__ = ["YouTubeWebSub"]

_NOT_ASKED_FOR = Refused("topic", 404)
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_ATOM = "{http://www.w3.org/2005/Atom}"
_TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_YT = "{http://www.youtube.com/xml/schemas/2015}"
_VIDEO = "yt:video:"
_MAX_CHALLENGE = 1024
_NEW = timedelta(hours=1)
"""A video changed so soon after it was published is taken for a new one: the same message tells of
both, and the first one often comes late."""


def _dropped(reason: str) -> Refused:
    """The specification wants a success for what is not signed rightly, and that it is dropped."""
    return Refused(reason, 204)


class YouTubeVerifier(LiveVerifier):
    accepted = Answer(204)

    def __init__(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> None:
        super().__init__(secrets)
        given = [config, *secrets]
        listed = (one.get("expected_topics") for one in given)
        self._topics = frozenset(
            topic for topics in listed if isinstance(topics, list) for topic in topics
        )

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "hub_secret")
        if secret is None:
            return None
        if len(secret) >= 200:
            raise BadSetting("secrets.hub_secret", "must be shorter than 200 bytes")

        def proof(request: Request) -> Refused | None:
            method, _, signature = (request.header(b"x-hub-signature") or b"").partition(b"=")
            if not signature:
                return _dropped("header")
            algorithm = method.decode("ascii", "replace").lower()
            if algorithm not in _METHODS:
                return _dropped("signature")
            expected = hmac.digest(secret, request.body, algorithm).hex().encode()
            return None if same(expected, signature) else _dropped("signature")

        return proof

    def verify(self, request: Request) -> Verdict:
        if request.method == "GET":
            return self._intent(request.parameters())
        verdict = super().verify(request)
        # Without any secret nothing can be proved, and that is dropped in the same way.
        return _dropped("signature") if verdict == Refused("signature") else verdict

    def _intent(self, asked: Mapping[str, str]) -> Verdict:
        """The hub asks whether we want a topic, or says that we shall not have it."""
        mode, topic = asked.get("hub.mode"), asked.get("hub.topic", "")
        if topic not in self._topics:
            return _NOT_ASKED_FOR
        if mode == "denied":
            reason = text_of(asked.get("hub.reason")) or ""
            return Handshake(Answer(200), Lease(topic, 0, reason))
        challenge, seconds = asked.get("hub.challenge", "").encode(), asked.get("hub.lease_seconds")
        if mode != "subscribe":
            return _NOT_ASKED_FOR
        if not 0 < len(challenge) <= _MAX_CHALLENGE:
            return Malformed(400, "schema")
        is_number = seconds is not None and seconds.isascii() and seconds.isdigit()
        lease = Lease(topic, min(int(seconds[:9]), 10**8)) if seconds and is_number else None
        return Handshake(echoed(challenge), lease)

    def read(self, request: Request, verified: Verified) -> Verdict:
        try:
            feed = xml.parse(request.body)
        except xml.NotXml:
            return Malformed(400, "xml")
        topic = _topic_of(feed)
        if topic is not None and self._topics and topic not in map(_plain, self._topics):
            return _dropped("topic")
        return verified


class YouTubeWebSub:
    declaration = Declaration(
        name="youtube-websub",
        title="YouTube push notifications (WebSub)",
        platform="youtube",
        keys=(
            Key(
                "hub_secret",
                "hub.secret of the subscription, which we send ourselves",
                generate=generate_token,
            ),
            Key(
                "expected_topics",
                "https://www.youtube.com/feeds/videos.xml?channel_id=UC…, one for each channel",
                form="list",
                is_setting=True,
            ),
        ),
        proofs=(frozenset({"hub_secret"}),),
        methods=frozenset({"GET", "POST"}),
        proof="`X-Hub-Signature`: sha1, sha256, sha384 or sha512, = and the hex HMAC of the body",
        handshake=(
            "GET with `hub.mode` and `hub.topic`: a topic of `expected_topics` is answered with "
            "`hub.challenge`, another with 404"
        ),
        answer="204, also for what is not signed rightly: that is dropped and counted",
        known_by="the video's id and `updated`",
        deadline_seconds=10.0,
        retries="the hub's choice",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={
            "entry": ("video.published", "video.updated"),
            "deleted-entry": ("video.removed",),
        },
        cannot=(
            "The same message tells of a new video and of a new title: within an hour of its "
            "publication it is taken for new. Views, likes and comments are not told."
        ),
        notes=(
            "Name the channels' feeds in `expected_topics`: mediaops subscribes at the hub, "
            "answers its check and renews each subscription when two thirds of its lease are over.",
            "The hook URL must be reachable from the internet: start with --public-url.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> YouTubeVerifier:
        return YouTubeVerifier(secrets, config)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            feed = xml.parse(request.body)
        except xml.NotXml as error:
            raise Unreadable(str(error)) from None
        told = [_entry(one) for one in feed.iter(f"{_ATOM}entry")]
        told += [_tombstone(one) for one in feed.iter(_TOMBSTONE)]
        return bounded([_item(index, one) for index, one in enumerate(told or [_entry(feed)])])

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        told = item.content
        video = id_of(told["video_id"], "yt:videoId")
        if video is None:
            return [Unmapped("names no video")]
        published, updated = parse_rfc3339(told["published"]), parse_rfc3339(told["updated"])
        if told["is_deleted"]:
            type_ = "video.removed"
        elif published and updated and updated - published > _NEW:
            type_ = "video.updated"
        else:
            type_ = "video.published"
        moment = published if type_ == "video.published" else updated
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(context.received_at, moment, updated),
                content=video,
                context=present(title=told["title"], channel_id=told["channel_id"]),
                by_channel=True,
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>{unique}</id></entry></feed>'
        signature = hmac.digest(str(secrets["hub_secret"]).encode(), body.encode(), "sha1").hex()
        return Request(
            method="POST",
            headers=(
                (b"content-type", b"application/atom+xml"),
                (b"x-hub-signature", f"sha1={signature}".encode()),
            ),
            body=body.encode(),
            now=now,
        )


def _plain(topic: str) -> str | None:
    """What a topic is about, however it is spelled: feeds name themselves in another way than they
    are subscribed to."""
    try:
        named = parse_qs(urlsplit(topic).query)
    except ValueError:
        return topic
    return next((f"{name}={named[name][0]}" for name in sorted(named)), topic)


def _topic_of(feed: Element) -> str | None:
    for link in feed.iter(f"{_ATOM}link"):
        if link.get("rel") == "self" and link.get("href"):
            return _plain(link.get("href", ""))
    return None


def _entry(entry: Element) -> dict[str, Any]:
    return {
        "is_deleted": False,
        "video_id": _text(entry, f"{_YT}videoId"),
        "channel_id": _text(entry, f"{_YT}channelId"),
        "title": _text(entry, f"{_ATOM}title"),
        "published": _text(entry, f"{_ATOM}published"),
        "updated": _text(entry, f"{_ATOM}updated"),
        "id": _text(entry, f"{_ATOM}id"),
    }


def _tombstone(entry: Element) -> dict[str, Any]:
    ref = entry.get("ref", "")
    return {
        "is_deleted": True,
        "video_id": text_of(ref.removeprefix(_VIDEO)) if ref.startswith(_VIDEO) else None,
        "channel_id": None,
        "title": None,
        "published": None,
        "updated": text_of(entry.get("when")),
        "id": text_of(ref),
    }


def _text(entry: Element, name: str) -> str | None:
    return text_of(entry.findtext(name), limit=2048)


def _item(index: int, told: dict[str, Any]) -> Item:
    video, updated = told["video_id"], told["updated"]
    return Item(
        index=index,
        dedup_key=key_of(f"{video}:{updated}") if video and updated else None,
        canonical=canonical_json(told),
        content=told,
        time=parse_rfc3339(updated),
    )
