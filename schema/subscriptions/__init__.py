"""News of tickets, pushed to whoever may see them."""
