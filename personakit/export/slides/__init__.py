"""PowerPoint: native text, tables, charts and shapes, named by field, so that edits can be read back."""
