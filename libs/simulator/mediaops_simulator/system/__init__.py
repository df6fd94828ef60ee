"""The running system as the simulator meets it: through its public HTTP surface alone."""
