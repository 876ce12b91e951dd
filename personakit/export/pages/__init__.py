"""Pages that are looked at: SVG from the layout of the slides, PDF from the HTML, PNG from the PDF."""
