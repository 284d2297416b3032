"""Contact, reply, callback in the API."""
