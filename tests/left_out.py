"""What is not tested on this machine, and whether that may be."""

import os

import pytest

__all__ = ["may_not_be", "reason"]

IS_COMPLETE = bool(os.environ.get("TEST_COMPLETE"))
"""As .ci/run sets it: no test is skipped for want of what it installs."""

INSTALLED = ("Kafka ", "PostgreSQL ", "The rehearsal ", "The console ", "A back-up ", "roles.sql ")
"""How the reasons begin that tell of it."""


def reason(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why a test was skipped; None when it was not."""
    why = report.longrepr
    if not report.skipped or not isinstance(why, tuple):
        return None
    return why[2].removeprefix("Skipped: ")


def may_not_be(report: pytest.TestReport) -> bool:
    """Whether a skipped test is a failure here."""
    why = reason(report)
    return IS_COMPLETE and why is not None and why.startswith(INSTALLED)
