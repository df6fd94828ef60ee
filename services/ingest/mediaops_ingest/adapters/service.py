"""What adapters declare of themselves."""

from datetime import timedelta

from mediaops_ingest.adapters.schemas import AdapterRead, KeyRead
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.registry import attachable

__all__ = ["catalogue"]


def catalogue() -> list[AdapterRead]:
    """The adapters that a source can be given, by name."""
    return [_shown(adapter.declaration) for adapter in attachable()]


def _shown(declaration: Declaration) -> AdapterRead:
    return AdapterRead(
        name=declaration.name,
        title=declaration.title,
        platform=declaration.platform,
        namespace=declaration.namespace("the channel's platform"),
        keys=[
            KeyRead(
                name=key.name,
                help=key.help,
                form=key.form,
                choices=list(key.choices),
                origin=key.origin,
                is_generated=key.generate is not None,
                is_setting=key.is_setting,
            )
            for key in declaration.keys
        ],
        proofs=[sorted(proof) for proof in declaration.proofs],
        proof=declaration.proof,
        tolerance_seconds=(
            declaration.tolerance.total_seconds() if declaration.tolerance is not None else None
        ),
        handshake=declaration.handshake,
        answer=declaration.answer,
        known_by=declaration.known_by,
        methods=sorted(declaration.methods),
        paths=sorted(declaration.paths),
        deadline_seconds=declaration.deadline_seconds,
        retries=declaration.retries,
        comes_again=declaration.comes_again,
        lateness_hours=declaration.lateness / timedelta(hours=1),
        max_body_bytes=declaration.max_body,
        volatile=list(declaration.volatile),
        tells=list(declaration.tells),
        meanings={name: list(types) for name, types in declaration.meanings.items()},
        cannot=declaration.cannot,
        uncertain=list(declaration.uncertain),
        notes=list(declaration.notes),
    )
