"""How is JSON compressed, and read again without trust? What would become too large is none of ours."""

import gzip
import io
import zlib

from shared.errors import MessageInvalid

_MAX_BYTES = 256 * 1024 * 1024  # of JSON: an outbox of 200,000 events fits, a bomb does not


def packed(text: bytes) -> bytes:
    """Compressed; the same text always makes the same bytes."""
    return gzip.compress(text, compresslevel=1, mtime=0)


def unpacked(body: bytes) -> bytes:
    """What was compressed. Raises MessageInvalid for what is none of ours, however large it would become."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            found = file.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise MessageInvalid(f"It cannot be decompressed: {error}") from None
    if len(found) > _MAX_BYTES:
        raise MessageInvalid(f"It is larger than {_MAX_BYTES // 2**20} MiB.")
    return found
