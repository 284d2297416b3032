"""Who handles a ticket, how urgent it is, and how long that may take."""
