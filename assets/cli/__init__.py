"""The command line: the command group, printing, and running jobs. The commands are in commands/, one file each."""
