"""Measurements, side by side with a peer: `make bench`, or `python -m bench reads`."""
