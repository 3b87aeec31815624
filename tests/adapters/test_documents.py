"""Does the checkpoint document hold everything, and is it a document that a person can read?"""

import gzip
import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from shared.adapters.documents import decode_state, encode_state
from shared.domain.checkpoint import EnvironmentState
from shared.errors import StateInvalid
from tests.contracts import samples

ENVIRONMENT = "e-1"


def unset(value: Any, path: str = "state") -> list[str]:
    """The fields that are empty in every instance, so that a test with this value would not miss their loss."""
    if not is_dataclass(value):
        return []
    found = [f"{path}.{field.name}" for field in fields(value) if getattr(value, field.name) in (None, (), {}, 0, "")]
    return found + [gap for field in fields(value) for gap in unset(getattr(value, field.name), f"{path}.{field.name}")]


def test_the_sample_leaves_nothing_out() -> None:
    """A field that is added to the state has to be added to the sample, so that its loss is noticed."""
    sample = samples.state(ENVIRONMENT, samples.event(ENVIRONMENT))
    assert sample.checkpoint is not None
    parts = [sample, *sample.checkpoint.sources.values(), *sample.checkpoint.jobs.values()]
    gaps = [gap for part in parts for gap in unset(part)]
    assert [gap for gap in gaps if not gap.startswith("state.owed") and "closed" not in gap] == []


def test_everything_survives() -> None:
    state = samples.state(ENVIRONMENT, *samples.events(ENVIRONMENT, 3, value=samples.THIRTY_DIGITS), sequence=40)
    assert decode_state(encode_state(state)) == state


def test_the_empty_state_survives() -> None:
    assert decode_state(encode_state(EnvironmentState())) == EnvironmentState()


def test_an_outbox_of_the_first_events_is_numbered_from_one() -> None:
    state = samples.state(ENVIRONMENT, *samples.events(ENVIRONMENT, 3))
    assert [one.sequence for one in decode_state(encode_state(state)).outbox] == [1, 2, 3]


def test_equal_states_make_equal_documents() -> None:
    """No time and no file name of gzip's is in it."""
    state = samples.state(ENVIRONMENT, *samples.events(ENVIRONMENT, 3))
    assert encode_state(state) == encode_state(replace(state))


def test_the_document_is_gzipped_json_with_a_version_and_plain_events() -> None:
    document = json.loads(gzip.decompress(encode_state(samples.state(ENVIRONMENT, samples.event(ENVIRONMENT)))))
    assert document["v"] == 1
    assert document["outbox"][0]["data"]["dataSourceName"] == "Kilder Ærø 1"


def test_ten_thousand_series_make_a_small_document() -> None:
    assert len(encode_state(samples.state(ENVIRONMENT, series=10_000))) < 500_000


def test_a_document_of_an_older_app_is_read() -> None:
    """What it did not know yet has its usual start."""
    assert decode_state(gzip.compress(b'{"v": 1, "sequence": 7}')) == EnvironmentState(sequence=7)


@pytest.mark.parametrize(
    "body", [b"", b"not gzip", gzip.compress(b"not JSON", mtime=0), gzip.compress(b'{"v": "x"}', mtime=0), b"\x1f\x8b"]
)
def test_a_document_that_cannot_be_read_says_what_to_do(body: bytes) -> None:
    with pytest.raises(StateInvalid, match="remove its blob"):
        decode_state(body)
