"""`/crm/v1/profiles`: who are these people?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from mediaops_common.http import (
    Caller,
    ClockDep,
    Page,
    PageQuery,
    Reads,
    allow,
    page_of,
)
from mediaops_common.zones import number_day

from mediaops_crm.audience import service as audience
from mediaops_crm.lifecycle.service import LifecycleState
from mediaops_crm.profiles import service
from mediaops_crm.profiles.schemas import IdentityRead, ProfilePage, ProfileRead
from mediaops_crm.profiles.service import Profile

router = APIRouter(prefix="/crm/v1/profiles", tags=["profiles"])

Reader = Annotated[Caller, allow("crm:read")]


@router.get("")
async def list_profiles(
    page: PageQuery,
    caller: Reader,
    reads: Reads,
    clock: ClockDep,
    identity: Annotated[
        str | None, Query(max_length=1100, description="PLATFORM:EXTERNAL_ID; all that match.")
    ] = None,
    lifecycle: LifecycleState | None = None,
) -> Page[ProfileRead]:
    """People who were active at least once, in a stable order."""
    view = await audience.open_view(reads, caller, clock.now())
    found = await service.page(
        reads,
        view,
        identity=None if identity is None else service.parse_identity(identity),
        state=lifecycle,
        after=page.after_id(),
        limit=page.limit + 1,
    )
    kept, next_ = page_of(found, page, lambda profile: [str(profile.id)])
    return Page(items=[ProfileRead(**_fields(profile)) for profile in kept], next=next_)


@router.get("/{profile_id}")
async def get_profile(
    profile_id: UUID, caller: Reader, reads: Reads, clock: ClockDep
) -> ProfilePage:
    """One profile with its activity."""
    view = await audience.open_view(reads, caller, clock.now())
    profile = await service.find(reads, view, profile_id)
    days = [number_day(day) for day in profile.recency.days()]
    return ProfilePage(**_fields(profile), active_days=days)


def _fields(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "identities": [
            IdentityRead(
                platform=person.platform,
                id_scope=person.id_scope,
                external_id=person.external_id,
                name=person.name,
            )
            for person in profile.people
        ],
        "first_active": number_day(profile.recency.first),
        "last_active": number_day(profile.recency.last),
        "lifecycle": profile.lifecycle,
        "active_days_7": profile.week,
        "active_days_28": profile.month,
    }
