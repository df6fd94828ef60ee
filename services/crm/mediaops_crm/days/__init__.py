"""The audience of each local day, told to whoever listens."""
