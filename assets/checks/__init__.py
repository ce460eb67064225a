"""Asset checks: what an analyst should examine although the run is green."""
