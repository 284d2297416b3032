"""Login, staff, personal data in the API."""
