"""Clocks: units of microseconds, and how far the clocks of a time zone were from UTC."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
#: days from 1970 that a calendar can name: the years 2 to 9998
_FIRST_DAY, _LAST_DAY = -718_000, 2_932_000


def offsets_between(timezone: str, low_us: int, high_us: int) -> list[tuple[int, int]]:
    """Return the offsets of a zone between two moments, in microseconds: (from when in UTC, offset), the first from ever.

    Before the year 2 and after 9998 the clocks are left as they were.

    Examples
    --------
    >>> offsets_between("Europe/Paris", 1_774_700_000_000_000, 1_774_800_000_000_000)[1:]
    [(1774746000000000, 7200000000)]
    """
    zone, start = ZoneInfo(timezone), datetime(1970, 1, 1, tzinfo=UTC)

    def offset(second: int) -> int:
        return (start + timedelta(seconds=second)).astimezone(zone).utcoffset() // timedelta(microseconds=1)  # type: ignore

    low, high = (min(max(one // DAY_US, _FIRST_DAY), _LAST_DAY) for one in (low_us, high_us))
    days = range(low - 2, high + 3)
    steps = [(-(2**62), offset(days[0] * 86_400))]
    for day in days:
        if offset((day + 1) * 86_400) != steps[-1][1]:
            before, seconds = steps[-1][1], range(day * 86_400, (day + 1) * 86_400 + 1)
            second = seconds[bisect_left(seconds, True, key=lambda one: offset(one) != before)]
            steps.append((second * 1_000_000, offset(second)))
    return steps
