"""PDF from HTML for print, tagged for readers' software (PDF/UA), and PNG from the PDF."""

from __future__ import annotations

import io
from typing import Any

from personakit.export.needs import need
from personakit.export.steady import steady_clock

#: pixels an inch of a PNG
DPI = 150


def pdf(html: str) -> bytes:
    """Return a page as the bytes of a PDF; nothing is fetched from anywhere."""
    need("weasyprint")
    from weasyprint import HTML

    with steady_clock():
        return HTML(string=html, url_fetcher=_fetcher()).write_pdf(pdf_variant="pdf/ua-1")


def _fetcher() -> Any:
    """Make what opens addresses for WeasyPrint open nothing but pictures that stand in the page itself."""
    from weasyprint import urls

    if hasattr(urls, "URLFetcher"):
        return urls.URLFetcher(allowed_protocols=("data",))

    def fetch(url: str, *more: Any, **options: Any) -> Any:  # WeasyPrint before 68
        if not url.startswith("data:"):
            raise ValueError(f"{url[:60]} would be fetched; nothing is.")
        return urls.default_url_fetcher(url, *more, **options)

    return fetch


def pictures(content: bytes, dpi: int = DPI) -> list[bytes]:
    """Return every page of a PDF as the bytes of a PNG."""
    need("pypdfium2")
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        return [_picture(page, dpi) for page in document]
    finally:
        document.close()


def _picture(page: Any, dpi: int) -> bytes:
    out = io.BytesIO()
    page.render(scale=dpi / 72).to_pil().convert("RGB").save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
