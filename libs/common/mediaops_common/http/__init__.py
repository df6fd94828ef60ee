"""HTTP for every service: what routes import."""

from mediaops_common.http.bodies import StrictRequest, read_capped
from mediaops_common.http.callers import Authenticator, Caller, allow
from mediaops_common.http.dates import Day, Moment
from mediaops_common.http.dependencies import ClockDep, LateTx, Reads, RuntimeDep, Tx
from mediaops_common.http.pagination import (
    Page,
    PageQuery,
    decode_cursor,
    encode_cursor,
    page_of,
)
from mediaops_common.http.preconditions import etag, require_match
from mediaops_common.http.problems import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    TooLarge,
    Unauthorised,
    Unavailable,
    UnsupportedMedia,
    problem_response,
)
from mediaops_common.http.ranges import (
    DayRange,
    MomentRange,
    parse_day,
    parse_days,
    parse_earliest,
    parse_moment,
    parse_range,
)
from mediaops_common.http.strict_json import read_json

__all__ = [
    "Authenticator",
    "Caller",
    "ClockDep",
    "Conflict",
    "Day",
    "DayRange",
    "Forbidden",
    "Invalid",
    "LateTx",
    "Malformed",
    "Moment",
    "MomentRange",
    "NotFound",
    "Page",
    "PageQuery",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "Reads",
    "RuntimeDep",
    "StrictRequest",
    "TooLarge",
    "Tx",
    "Unauthorised",
    "Unavailable",
    "UnsupportedMedia",
    "allow",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "page_of",
    "parse_day",
    "parse_days",
    "parse_earliest",
    "parse_moment",
    "parse_range",
    "problem_response",
    "read_capped",
    "read_json",
    "require_match",
]
