"""What somebody should look at: alerts, what waits too long, what is missing, what is set up wrongly."""
