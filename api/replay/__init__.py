"""Replay: complaints from a file, submitted over HTTP as the channels would."""
