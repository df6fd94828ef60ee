"""`python -m mediaops_common.cli`: the same as `mediaops`."""

from mediaops_common.cli.main import main

main()
