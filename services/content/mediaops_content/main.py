"""The content service: its table of contents."""

from mediaops_common.service import Service

from mediaops_content.channels import handlers as channels
from mediaops_content.contents import api as contents
from mediaops_content.database import METADATA
from mediaops_content.publications import api as publications
from mediaops_content.settings import ContentSettings
from mediaops_content.workspaces import handlers as workspaces

CONTENT = Service(
    name="content",
    settings=ContentSettings,
    metadata=METADATA,
    routers=[contents.router, publications.router],
    handlers=[workspaces.handlers, channels.handlers],
)
