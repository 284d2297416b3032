"""Scores: the three rates, the composite, the ranking and the month they belong to."""
