"""Files that come out the same, byte for byte: archives without a clock, and PDF without the day it was made."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

#: the one moment that our files bear
EPOCH = (2020, 1, 1)
_CLOCK = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def steady_zip(content: bytes) -> bytes:
    """Return an archive with one fixed time on every member, also in archives inside it and in Office's properties.

    Examples
    --------
    >>> out = io.BytesIO()
    >>> with zipfile.ZipFile(out, "w") as archive:
    ...     archive.writestr("a.txt", "a")
    >>> steady_zip(out.getvalue()) == steady_zip(steady_zip(out.getvalue()))
    True
    """
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            member = old.read(name)
            if name.endswith(".xlsx"):
                member = steady_zip(member)
            elif name.endswith("docProps/core.xml"):
                member = _CLOCK.sub(rb"\g<1>%d-01-01T00:00:00Z\g<2>" % EPOCH[0], member)
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            new.writestr(info, member)
    return out.getvalue()


@contextmanager
def steady_clock() -> Iterator[None]:
    """Let libraries that write the time of day into a file write our fixed one, for as long as this lasts."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "1577836800"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
