"""Orders of a user: their needs before the first mail, and their division among machines."""
