"""What single cells of an export say: numbers and times, in whichever spelling."""
