"""Data and the global view: what is hot, what is fading, what did it earn?"""
