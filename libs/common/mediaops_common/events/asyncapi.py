"""The events as an AsyncAPI 3.0 document: topics, messages, who sends and who listens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mediaops_common.events.base import REGISTRY, SCHEMAS, Event, Topic, type_of
from mediaops_common.events.parties import PUBLISHERS, listeners
from mediaops_common.events.published import attribute_docs, published, schemas_of

if TYPE_CHECKING:
    from mediaops_common.service import Service

__all__ = ["asyncapi"]


def asyncapi(services: "Sequence[Service]") -> dict[str, Any]:
    """The whole document. Listeners are those of the given services."""
    classes = list(REGISTRY.values())
    references, schemas = schemas_of(classes, "#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "mediaops events",
            "version": "0.1.0",
            "description": "What the services of mediaops tell each other. Each record is one "
            "CloudEvents 1.0 event in structured mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in Topic},
        "operations": _operations(services),
        "components": {
            "messages": {
                _id(cls): _message(cls, reference)
                for cls, reference in zip(classes, references, strict=True)
            },
            "schemas": schemas,
        },
    }


def _id(cls: type[Event]) -> str:
    return f"{cls.event_name}.v{cls.event_version}"


def _of_topic(topic: Topic) -> list[type[Event]]:
    return [cls for cls in REGISTRY.values() if cls.event_topic is topic]


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": str(topic),
        "description": attribute_docs(Topic)[topic.name],
        "messages": {
            _id(cls): {"$ref": f"#/components/messages/{_id(cls)}"} for cls in _of_topic(topic)
        },
    }


def _operations(services: "Sequence[Service]") -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic, service in PUBLISHERS.items():
        operations[f"{service}.send.{topic.name}"] = _operation(
            "send", topic, f"{service} publishes them.", _of_topic(topic)
        )
    heard: dict[tuple[str, Topic], list[type[Event]]] = {}
    for cls, groups in listeners(services).items():
        for group in groups:
            heard.setdefault((group, cls.event_topic), []).append(cls)
    for (group, topic), classes in sorted(heard.items()):
        operations[f"{group}.receive.{topic.name}"] = _operation(
            "receive", topic, f"The consumer group {group}.", classes
        )
    return operations


def _operation(
    action: str, topic: Topic, summary: str, classes: Sequence[type[Event]]
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{_id(cls)}"} for cls in classes],
    }


def _message(cls: type[Event], reference: dict[str, Any]) -> dict[str, Any]:
    text = " ".join((cls.__doc__ or "").split())
    return {
        "name": type_of(cls),
        "title": cls.__name__,
        "summary": text,
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string"},
                "source": {"type": "string", "description": "`/` and the publishing service."},
                "type": {"const": type_of(cls)},
                "time": {"type": "string", "format": "date-time"},
                "subject": {"type": "string", "description": "The key of the record."},
                "workspaceid": {"type": "string", "format": "uuid"},
                "datacontenttype": {"const": "application/json"},
                "dataschema": {"const": f"{SCHEMAS}{_id(cls)}.json"},
                "traceparent": {"type": "string"},
                "data": reference,
            },
            "required": ["specversion", "id", "source", "type", "time", "subject", "data"],
        },
        "examples": [
            {"name": f"example {number}", "payload": _enveloped(cls, data)}
            for number, data in enumerate(published(cls)["examples"], 1)
        ],
    }


def _enveloped(cls: type[Event], data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "019aa83b-7a10-7b6e-9c44-0f2d81e5a3b7",
        "source": f"/{PUBLISHERS[cls.event_topic]}",
        "type": type_of(cls),
        "time": "2026-11-22T08:00:02Z",
        "subject": cls.event_key(msgspec.convert(data, cls)),
        **({"workspaceid": workspace} if (workspace := _workspace_of(data)) else {}),
        "dataschema": f"{SCHEMAS}{_id(cls)}.json",
        "data": data,
    }


def _workspace_of(data: dict[str, Any]) -> Any:
    return data.get("workspace_id") or data.get("activity", {}).get("workspace_id")
