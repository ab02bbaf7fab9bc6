"""What every single cell shares: the bench, stimuli, phase planes, and how accurate a run is."""
