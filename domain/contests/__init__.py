"""Contests of a dispatch (派单异议), their rulings, and who sends what back to whom."""
