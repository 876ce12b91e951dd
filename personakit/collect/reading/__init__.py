"""How any file is opened, read into cells and values, and accounted for."""
