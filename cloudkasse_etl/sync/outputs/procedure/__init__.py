"""The procedure documentation (Verfahrensdokumentation) that an auditor asks for, made from the running program."""
