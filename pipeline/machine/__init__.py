"""What the machine must have for a run, and what runs leave on it: **doctor** and **clean**."""
