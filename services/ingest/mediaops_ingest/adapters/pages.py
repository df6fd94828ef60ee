"""Writes `docs/guides/platforms/`, a page per adapter from its declaration; run it in a checkout.

The section between the two marks of a page is written by hand and stays as it is.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.registry import attachable

__all__ = ["END", "hand_written", "index", "page"]

BEGIN = "<!-- From here to the next mark: written by hand. -->"
END = "<!-- From here on: written from the declaration. -->"

_HEAD = (
    "<!-- Written by `python -m mediaops_ingest.adapters.pages`: change the declaration, not the"
    " page. -->"
)
_ORIGINS = {"issued": "issued by the platform", "ours": "ours to choose"}


def page(declaration: Declaration, by_hand: str) -> str:
    """The page of one adapter around what was written by hand."""
    keys = [
        f"| `{key.name}` | {_ORIGINS[key.origin]} | {_cell(key.help)}{_choices(key)} |"
        for key in declaration.keys
    ]
    meanings = [
        f"| {_event(name)} | {', '.join(map(_type, types))} |"
        for name, types in declaration.meanings.items()
    ]
    parts = [
        f"# {declaration.title}: `{declaration.name}`\n\n{_HEAD}",
        "| | |\n|---|---|\n" + "\n".join(f"| {k} | {_cell(v)} |" for k, v in _facts(declaration)),
        "## Keys\n\n" + _keys(declaration, keys),
        "## Set it up\n\n"
        + "\n".join(f"{n}. {step}" for n, step in enumerate(declaration.notes, 1)),
        f"{BEGIN}\n\n{by_hand}\n\n{END}",
        "## Make the source\n\nAfter the channel: `POST /ingest/v1/sources` answers with the hook "
        f"URL, and shows the secrets this once.\n\n```json\n{_source(declaration)}\n```",
        "## What it tells\n\n| event | becomes |\n|---|---|\n" + "\n".join(meanings),
        "Every other event is kept as `unmapped` and never counted; a [mapping](../mapping.md) can "
        "read it.",
        "## What it cannot tell\n\n" + declaration.cannot,
    ]
    if declaration.uncertain:
        known = "\n".join(f"- {sentence}" for sentence in declaration.uncertain)
        parts.append("## Not known for certain\n\n" + known)
    return "\n\n".join(parts) + "\n"


def _facts(declaration: Declaration) -> list[tuple[str, str]]:
    tolerance = declaration.tolerance
    found = [
        ("platform", f"`{declaration.platform}`" if declaration.platform else "any"),
        ("proof", declaration.proof),
        (
            "replay",
            f"a signed time may be {_span(tolerance)} off, either way; then the dedup keys, for "
            "400 days"
            if tolerance is not None
            else "no time is signed: the dedup keys are kept 400 days",
        ),
        ("handshake", declaration.handshake or "none"),
        ("answer", declaration.answer),
        ("deadline", _span(timedelta(seconds=declaration.deadline_seconds))),
        ("retries", declaration.retries),
        ("told to wait", _told_to_wait(declaration)),
        ("lateness", _span(declaration.lateness)),
        ("known again by", declaration.known_by),
        (
            "left out of the digest",
            ", ".join(f"`{one}`" for one in declaration.volatile) or "nothing",
        ),
    ]
    if declaration.max_body is not None:
        found.append(("body", f"at most {declaration.max_body:,} bytes"))
    return found


def _told_to_wait(declaration: Declaration) -> str:
    if declaration.comes_again:
        return "429 where a [limit](../flow-control.md) is reached: it comes again"
    return (
        "429 only where the source itself was given a [limit](../flow-control.md): it may not come "
        "again"
    )


def _keys(declaration: Declaration, rows: list[str]) -> str:
    if not rows:
        return "None."
    proofs = " or ".join(
        " + ".join(f"`{name}`" for name in sorted(proof)) for proof in declaration.proofs
    )
    needed = f"A source needs {proofs}." if proofs else "A source needs none of them."
    return f"{needed}\n\n| key | from whom | where |\n|---|---|---|\n" + "\n".join(rows)


def _choices(key: Key) -> str:
    return f": {', '.join(f'`{one}`' for one in key.choices)}" if key.choices else ""


def _source(declaration: Declaration) -> str:
    """The body that makes a source, with what the platform issues to be filled in."""
    proof = min(declaration.proofs, key=lambda one: (len(one), sorted(one)), default=frozenset())
    named = [key for key in declaration.keys if key.name in proof]
    given = {
        key.name: ["…"] if key.form == "list" else "…" for key in named if key.generate is None
    }
    body: dict[str, Any] = {"channel_id": "…", "adapter": declaration.name}
    if given:
        body["secrets"] = {key.name: given.get(key.name, "…") for key in named}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _event(name: str) -> str:
    """An event's own name as code, a sentence as it is."""
    return f"`{name}`" if " " not in name else name


def _type(type_: str) -> str:
    return f"`{type_}`" if "." in type_ else type_


def _span(span: timedelta) -> str:
    hours, seconds = divmod(span.total_seconds(), 3600)
    if not hours:
        return f"{seconds:g} s"
    return f"{hours:g} h {seconds / 60:g} min" if seconds else f"{hours:g} h"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def hand_written(text: str) -> str:
    """What stands between the marks of a page; empty where there is nothing yet."""
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def index(declarations: list[Declaration]) -> str:
    """The list of the pages."""
    rows = [
        f"| [`{one.name}`]({one.name}.md) | {one.title} | {one.platform or 'any'} |"
        for one in declarations
    ]
    return (
        f"# Platforms and partner schemes\n\n{_HEAD}\n\n"
        "What each adapter needs, what it tells, and what it cannot. `mediaops adapters NAME` and "
        "`GET /ingest/v1/adapters` say the same.\n\n"
        "| adapter | for | platform |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def main() -> None:
    folder = Path(__file__).parents[4] / "docs" / "guides" / "platforms"
    if not folder.parent.is_dir():
        raise SystemExit("this is no checkout: there is no docs folder to write to")
    folder.mkdir(exist_ok=True)
    declarations = [adapter.declaration for adapter in attachable()]
    for declaration in declarations:
        path = folder / f"{declaration.name}.md"
        by_hand = hand_written(path.read_text()) if path.exists() else ""
        path.write_text(page(declaration, by_hand))
    (folder / "README.md").write_text(index(declarations))


if __name__ == "__main__":
    main()
