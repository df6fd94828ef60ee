"""The fast group of crm."""

from mediaops_common.consumer import ConsumerGroup
from mediaops_common.events import Topic

from mediaops_crm.activity import service
from mediaops_crm.audience.service import GROUP

FAST = ConsumerGroup(
    name=GROUP,
    topics=(str(Topic.activity),),
    apply=service.apply,
    prepare=service.gather,
    is_projection=True,
    max_records=8_000,
)
