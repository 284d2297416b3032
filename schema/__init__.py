"""The one GraphQL schema."""
