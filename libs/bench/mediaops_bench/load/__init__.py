"""Load generators: processes of their own, cheap beside what they load."""
