"""Asset checks: what an analyst should look at although the run is green."""
