"""Content operations: what do we make, for whom, where, and how did it do?"""
