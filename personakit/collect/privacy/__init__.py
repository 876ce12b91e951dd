"""What identifies people: found, taken out, or replaced."""
