"""The catalogue (派单目录) in the API."""
