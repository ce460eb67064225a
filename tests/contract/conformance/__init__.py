"""What each till's adapter owes the port (cloudkasse_etl/tills/port.py), asked of all of them alike."""
