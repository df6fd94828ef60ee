"""The crm service: its table of contents."""

from mediaops_common.service import Service

from mediaops_crm.activity import handlers as activity
from mediaops_crm.activity import jobs as activity_jobs
from mediaops_crm.database import METADATA
from mediaops_crm.days import jobs as days_jobs
from mediaops_crm.growth import api as growth
from mediaops_crm.lifecycle import api as lifecycle
from mediaops_crm.lifecycle import jobs as lifecycle_jobs
from mediaops_crm.profiles import api as profiles
from mediaops_crm.registry import handlers as registry
from mediaops_crm.retention import api as retention
from mediaops_crm.settings import CrmSettings
from mediaops_crm.stickiness import api as stickiness

CRM = Service(
    name="crm",
    settings=CrmSettings,
    metadata=METADATA,
    routers=[
        profiles.router,
        stickiness.router,
        retention.router,
        growth.router,
        lifecycle.router,
    ],
    handlers=[registry.handlers],
    groups=[activity.FAST],
    jobs=[
        activity_jobs.FOLD_DELTAS,
        days_jobs.COMPUTE_TOUCHED,
        lifecycle_jobs.MOVE_BY_CLOCK,
    ],
)
