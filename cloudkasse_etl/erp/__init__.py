"""Access to ERPs, one package for each way to reach one."""
