"""What Jiesu decides: the rules of the hotline, free of web, queue and GraphQL."""
