"""Joint tasks, co-handlers and what a street hands down, in the API."""
