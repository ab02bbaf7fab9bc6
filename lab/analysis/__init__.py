"""What spike trains say: the trains themselves, their loops, the analyses of a run, as pictures and as sound."""
