"""The catalogue of metrics as code, and the one way to ask for any of them."""
