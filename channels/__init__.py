"""One adapter a file: between another platform's format and ours."""
