"""What every module of the domain stands on; it knows no ticket and no unit."""
