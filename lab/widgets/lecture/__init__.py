"""Lecture mode: one picture, one sentence, the slider it is about, readable from the back of a room.

from lab.widgets.lecture.slides import Slide
shell.lecture.show(Slide("Sodium rushes in, potassium follows.", "Block three in ten channels: is there still a spike?",
                         picture="voltage", parameters=("block",), at=2, of=5), forward=..., back=..., left=...)
"""
