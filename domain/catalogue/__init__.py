"""派单目录: what kind of matter, where and when, goes to which unit."""
