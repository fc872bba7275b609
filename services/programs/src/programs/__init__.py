"""Programs: country programs, the agencies in them, and what documents say: sources, figures, statements."""
