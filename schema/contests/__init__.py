"""Contests of a dispatch in the API."""
