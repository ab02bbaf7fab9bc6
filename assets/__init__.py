"""Fonts, icon and marks that the window draws with."""
