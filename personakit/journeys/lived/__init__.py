"""What people live through: what they said, what they did, and whether the two agree."""
