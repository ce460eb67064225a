"""What is watched between runs: new data, alerts, what waits too long, what is missing, what is set up wrongly."""
