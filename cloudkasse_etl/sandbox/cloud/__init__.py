"""The sandbox as a cloud: what it stores, checks and answers."""
