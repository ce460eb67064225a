"""The sandbox's registers: a simulated shop that sells, closes its day and delivers what it wrote."""
