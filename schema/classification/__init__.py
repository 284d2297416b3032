"""Suggested categories over GraphQL."""
