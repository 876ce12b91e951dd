"""Cards and maps as rows: spreadsheets, Markdown, XML and sticky notes."""
