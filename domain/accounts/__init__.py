"""Who speaks: citizens, staff, tokens, and the protection of personal data."""
