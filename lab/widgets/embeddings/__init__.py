"""The embedding explorer: a space of vectors asked, mapped and marked."""
