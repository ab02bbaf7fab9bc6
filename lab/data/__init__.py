"""What is learned from and driven with: bundled sets, and the one door for files that people bring."""
