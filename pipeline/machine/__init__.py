"""The needs of a run on this machine, and the space that runs take: **doctor** and **clean**."""
