"""The command line: the group, how it prints, how it runs. The commands are in commands/, a file each."""
