"""Actors as platforms know them, and on which days each was active: projection."""
