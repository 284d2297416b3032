"""The tree of units that must act."""
