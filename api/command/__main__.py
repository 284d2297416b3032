"""`python -m api.command`, which the supervisor uses for its children."""

from api.command import main

if __name__ == "__main__":  # a process that multiprocessing spawns imports this module too
    main()
