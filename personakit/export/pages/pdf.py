"""PDF from HTML for print, tagged for readers' software (PDF/UA), and PNG from the PDF."""

from __future__ import annotations

import io
from typing import Any

from personakit.errors import StudyError
from personakit.export.needs import need
from personakit.export.steady import steady_clock

#: pixels an inch of a PNG
DPI = 150


def pdf(html: str) -> bytes:
    """Return a page as the bytes of a PDF; nothing is fetched from anywhere."""
    need("weasyprint")
    from weasyprint import HTML

    with steady_clock():
        return HTML(string=html, url_fetcher=_refuse).write_pdf(pdf_variant="pdf/ua-1")


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    if url.startswith("data:image/"):
        from weasyprint import default_url_fetcher

        return default_url_fetcher(url)
    raise StudyError(f"pdf: {url[:60]} would be fetched; nothing is.")


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
