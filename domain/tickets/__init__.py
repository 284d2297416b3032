"""The ticket: its states, its history, its code."""
