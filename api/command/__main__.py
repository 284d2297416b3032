"""`python -m api.command`, which the supervisor uses for its children."""

from api.command import main

main()
