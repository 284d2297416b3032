"""Whistle and report-in in the API."""
