"""The course in the window: the start page with the path, the strip above the stage, and the desk where lessons are written."""

from lab.widgets.course.place import CoursePlace

__all__ = ["CoursePlace"]
