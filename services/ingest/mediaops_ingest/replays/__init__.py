"""Mended mappings, applied to what came before."""
