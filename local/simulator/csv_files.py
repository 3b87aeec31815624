"""How is a partition written: comma-separated values (RFC 4180), UTF-8. Pure."""

import csv
from collections.abc import Sequence
from io import StringIO

from local.simulator.cells import Column, Row, written


def content(columns: Sequence[Column], rows: Sequence[Row], *, has_header: bool) -> bytes:
    """The rows, and before them the names of the columns if there is a header."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    if has_header:
        writer.writerow([column.name for column in columns])
    writer.writerows([written(row.get(column.name)) for column in columns] for row in rows)
    return text.getvalue().encode()
