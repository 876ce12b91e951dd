"""Where things stand on a page: one grid and one text fitter for slides and SVG."""
