"""Orders and support tickets as events: one event an order; a ticket is created, answered and solved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.collect.logs.audit import RECORD
from personakit.collect.logs.fields import take_from_rows, take_from_table
from personakit.collect.logs.files import digest_of, files_of, is_text_table, one_file
from personakit.collect.logs.vendor_logs import finish_vendor, from_rows, holds_objects, rows_of
from personakit.collect.logs.vendors import Vendor, fields_of, has_name, names_in
from personakit.collect.reading.account import begin, guessed, lose, noted
from personakit.collect.reading.cells import Cells, decode, read_cells, take_header
from personakit.collect.reading.options import LOCAL_TIME, Options
from personakit.collect.reading.source import read_bytes
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import CHANNEL, CONTENT, EVENT, PARTICIPANT, VALUE

ORDER_EVENT = "order"
_SHOPIFY = ("Name", "Financial Status", "Lineitem name")
#: columns of a shop's or a card's export, by their usual names
_ORDERS = Vendor(
    known_by=(_SHOPIFY, ("customer_id", "date", "number_of_cds")), utc=False,
    fields={PARTICIPANT: ("Customer ID", "Email", "Phone", "customer_id", "client", "customer"),
            LOCAL_TIME: ("Created at", "created_at", "order_date", "date"), CHANNEL: ("Source", "channel", "canal"),
            VALUE: ("Total", "total_price", "total", "dollar_value", "amount", "montant"),
            CONTENT: ("Lineitem name", "product", "produit")})
#: what a ticket holds, by the names that help desks give it
_TICKETS: Mapping[str, tuple[str, ...]] = {
    PARTICIPANT: ("requester_id", "Requester id", "Requester ID", "requester.id"),
    "created": ("created_at", "Created at", "created"), CHANNEL: ("via.channel", "Via", "channel"),
    "replied": ("first_replied_at", "first_reply_at", "First reply at"),
    "minutes": ("metric_set.reply_time_in_minutes.calendar", "reply_time_in_minutes", "First reply time in minutes"),
    "solved": ("solved_at", "metric_set.solved_at", "Solved at"), "status": ("status", "Status"),
    "updated": ("updated_at", "Updated at"),
    VALUE: ("satisfaction_rating.score", "satisfaction_rating", "satisfaction_score", "Satisfaction Score"),
    RECORD: ("id", "Id", "ticket_id", "Ticket ID")}
_LIKED = {"good": "1", "bad": "0"}


# ---------------------------------------------------------------- orders
def is_orders(path: Path, head: bytes) -> bool:
    """Whether a file is the orders of a Shopify shop, or CDNOW's."""
    names = names_in(path, head)
    return not names.startswith((b"{", b"[")) and any(all(has_name(names, name) for name in one) for one in _ORDERS.known_by)


def read_orders(options: Options) -> Reading:
    """Read orders, one row each; those of Shopify, of which each has a row an item, and columns set out by spaces too."""
    files = files_of(options)
    cells = [_cells(one_file(options, file)) for file in files]
    table = pd.concat([take_header(one, options)[0] for one in cells], ignore_index=True)
    lines = 0
    if set(_SHOPIFY) <= set(table.columns):
        folded = _fold(table)
        lines, table = len(table) - len(folded), folded
    frame = take_from_table(table, fields_of(_ORDERS, options))
    frame[EVENT] = frame[EVENT].fillna(ORDER_EVENT) if EVENT in frame else ORDER_EVENT
    reading = begin(options, frame, sha256=digest_of(files, options), layout="orders", rows=len(frame) + lines,
                    guesses=cells[0].guesses)
    cancelled = int(table["Cancelled at"].notna().sum()) if "Cancelled at" in table else 0
    reading = noted(reading, "logs.cancelled", n=cancelled) if cancelled else reading
    return finish_vendor(lose(reading, lines, "order_line"), options, _ORDERS)


def _cells(options: Options) -> Cells:
    """Read a table whose columns are set out by spaces, which has no separator, or any other table."""
    if not is_text_table(options.path):
        return read_cells(options)
    data, digest = read_bytes(options)
    text, guesses = decode(data, options)
    if options.separator or any(mark in text.partition("\n")[0] for mark in ",;\t|") or " " not in text.strip():
        return read_cells(options)
    rows = [line.split() for line in text.splitlines() if line.strip()]
    ragged = [place for place, row in enumerate(rows, start=1) if len(row) != len(rows[0])]
    if ragged:
        raise StudyError(f"{options.where}: {len(ragged)} of {len(rows)} lines do not have {len(rows[0])} columns (lines "
                         f"{first_five(ragged)}). Correct them, or set separator under [{options.table}].")
    return Cells(frame=pd.DataFrame(rows, dtype="str"), sha256=digest, layout="text",
                 guesses=guesses | {"separator": "spaces"})


def _fold(table: pd.DataFrame) -> pd.DataFrame:
    """Keep one row an order: only its first row carries the total, each of its rows an item."""
    orders = table.groupby("Name", sort=False, dropna=False)
    items = [("; ".join(names.dropna()) or None) for _, names in orders["Lineitem name"]]
    return orders.first().assign(**{"Lineitem name": pd.array(items, dtype="str")}).reset_index()


# ---------------------------------------------------------------- tickets
def is_tickets(path: Path, head: bytes) -> bool:
    """Whether a file is the tickets of a help desk such as Zendesk."""
    names = names_in(path, head)
    who, when = (any(has_name(names, name) for name in _TICKETS[field]) for field in (PARTICIPANT, "created"))
    return who and when and any(has_name(names, name) for name in ("status", "Status"))


def read_tickets(options: Options) -> Reading:
    """Read tickets from JSON or a table: each becomes what was done about it, its satisfaction the value of the last."""
    files = files_of(options)
    own = {name: (str(path),) for name, path in options.own.items()}
    fields = {**_TICKETS, **{name: (path,) for name, path in options.mapping.items()}, **own}
    fields["created"] = fields.pop(LOCAL_TIME, fields["created"])
    if not holds_objects(files[0]):
        table = pd.concat([take_header(read_cells(one_file(options, file)), options)[0] for file in files])
        tickets = take_from_table(table.reset_index(drop=True), fields)
    else:
        tickets = take_from_rows((row for file in files for row in rows_of(one_file(options, file))), fields)
    done = tickets["status"].str.casefold().isin(["solved", "closed"])
    guess = done & tickets["solved"].isna() & tickets["updated"].notna()
    tickets["solved"] = tickets["solved"].where(~guess, tickets["updated"])
    names = {name: (name,) for name in (PARTICIPANT, EVENT, LOCAL_TIME, CHANNEL, VALUE, RECORD)}
    plain = replace(options, mapping={})
    reading = from_rows(_acts(tickets), plain, Vendor(known_by=(), fields=names, order=("place",), utc=False))
    reading = guessed(reading, solved="updated_at") if guess.any() else reading
    return noted(reading, "logs.tickets", n=len(tickets), first=str(reading.report.rows_in))


def _acts(tickets: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for ticket in tickets.to_dict("records"):
        have = {str(name): value for name, value in ticket.items() if isinstance(value, str)}
        times = [("ticket_created", have.get("created")), ("ticket_replied", _replied(have)),
                 ("ticket_solved", have.get("solved"))]
        acts = [{PARTICIPANT: have.get(PARTICIPANT), EVENT: event, LOCAL_TIME: time, CHANNEL: have.get(CHANNEL),
                 "place": place, RECORD: f"{have[RECORD]} {event}" if RECORD in have else None}
                for place, (event, time) in enumerate(times) if time or event == "ticket_created"]
        score = have.get(VALUE, "")
        acts[-1][VALUE] = _LIKED.get(score.casefold(), score if score[:1].isdigit() else None)
        yield from acts


def _replied(ticket: Mapping[str, str]) -> str | None:
    """Return when a ticket was first answered: as it says, or its minutes after it was created."""
    if "replied" in ticket or "minutes" not in ticket or "created" not in ticket:
        return ticket.get("replied")
    try:
        return (dt.datetime.fromisoformat(ticket["created"]) + dt.timedelta(minutes=float(ticket["minutes"]))).isoformat()
    except (ValueError, OverflowError):
        return None

