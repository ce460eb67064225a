"""The day's sheet (Kassenbericht) of each register, as a report, a page and lines for a terminal."""
