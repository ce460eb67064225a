"""How our tables came to be, a step a file; applied by `migrate` when a program starts."""
