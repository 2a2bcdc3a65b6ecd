"""sim: whole clusters in one process and in virtual time: the test kit, hollow nodes."""
