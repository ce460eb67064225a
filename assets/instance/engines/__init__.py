"""Engines that run whole runs on other machines: what we add to Dagster's own. Named in the kits in deploy/."""
