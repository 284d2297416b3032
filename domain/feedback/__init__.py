"""Asking the citizen afterwards: when to call, and what follows from the answers."""
