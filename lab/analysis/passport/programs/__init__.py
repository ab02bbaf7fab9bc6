"""Other simulators, one in each file: a file that registers a `Program` adds one."""
