"""What the user asks for, what that needs before the first mail, and how it is divided among machines."""
