"""What happens later: timers, the outbox, and jobs."""
