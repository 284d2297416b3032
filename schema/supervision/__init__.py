"""Supervision and escalation in the API."""
