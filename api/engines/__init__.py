"""The engines that come with the project: PostgreSQL and Redis from wheels, and their supervisor.

Used by `jiesu run` and by the tests; what DATABASE_URL and REDIS_URL name is not started here.
"""
