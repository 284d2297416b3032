"""Units in the API."""
