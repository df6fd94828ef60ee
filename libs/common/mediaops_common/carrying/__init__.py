"""Carries all data of an installation from one place to another, in one file."""

from mediaops_common.carrying.dump import dump
from mediaops_common.carrying.file import Beside
from mediaops_common.carrying.load import load

__all__ = ["Beside", "dump", "load"]
