"""One sheet for every file that a person brings: what was found, corrected and read again at once, and what can be done with it.

place     where files come in: drops, Ctrl+O, a choice "file" of the form     DataPlace
sheet     the sheet itself, laid over the window, never in the way of a run   DataSheet
found     how the file was read, as choices
columns   a card for each column, with the first rows
aside     what is predicted, what is missing, what is kept for the test
preview   pictures of what is no table
verbs     what fits: train, map, drive a cell, put on the canvas, open
reading   files are read in a thread, so that the window goes on
"""
