"""One small adapter per wire scheme behind one Protocol (`port.py`). Pure: no IO, no database."""
