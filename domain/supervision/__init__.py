"""Supervision (督办) and escalation (提级): what happens where a unit does not."""
