"""Adapters: what wire schemes there are and what each needs."""
