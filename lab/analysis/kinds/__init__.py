"""The analyses, each declared once: what it computes, how it is asked for and how it is drawn."""
