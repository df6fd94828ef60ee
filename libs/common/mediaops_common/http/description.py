"""What the OpenAPI description says of every route: its token, its headers, its problems."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

__all__ = ["PROBLEMS", "describe", "precondition", "repetition"]


class FieldError(BaseModel):
    field: str
    detail: str


class ProblemRead(BaseModel, extra="allow"):
    """RFC 9457. `type` is stable; `errors` names the fields at fault."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] | None = None


_SCHEMAS = "#/components/schemas/"

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem",
        "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}ProblemRead"}}},
    }
}
"""Every answer that is not the route's own; 422 with FastAPI's own shape is never given."""


def precondition() -> dict[str, Any]:
    """The header of what changes an entity."""
    return _header("If-Match", is_required=True, meaning="the ETag of what was read; else 428, 412")


def repetition() -> dict[str, Any]:
    """The header of what may be sent again without taking effect again."""
    return _header(
        "Idempotency-Key", is_required=False, meaning="a repeat within a day is answered alike"
    )


def _header(name: str, *, is_required: bool, meaning: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": is_required,
        "schema": {"type": "string"},
        "description": meaning,
    }


def describe(api: FastAPI) -> None:
    """Adds to the description what FastAPI does not know of: the scheme of tokens, problems."""
    generate = api.openapi

    def openapi() -> dict[str, Any]:
        description = generate()
        components = description.setdefault("components", {})
        schemes = components.setdefault("securitySchemes", {})
        schemes["bearer"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        schema = ProblemRead.model_json_schema(ref_template=_SCHEMAS + "{model}")
        components.setdefault("schemas", {}).update(schema.pop("$defs"), ProblemRead=schema)
        return description

    api.openapi = openapi  # type: ignore[method-assign]
