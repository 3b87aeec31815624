"""The promises of every CheckpointStore."""

import asyncio
from dataclasses import replace

import pytest

from shared.domain.checkpoint import EnvironmentState
from shared.errors import CheckpointConflict
from shared.stores import CheckpointStore
from tests.contracts import samples
from tests.contracts.kits import Kit


async def must_conflict(store: CheckpointStore, environment_id: str, etag: str | None) -> None:
    with pytest.raises(CheckpointConflict):
        await store.write(environment_id, EnvironmentState(sequence=99), etag)


async def test_an_environment_without_a_commit_has_no_state(kit: Kit, environment_id: str) -> None:
    assert await kit.checkpoints.read(environment_id) is None


async def test_a_first_commit_is_read_back_with_its_etag(kit: Kit, environment_id: str) -> None:
    etag = await kit.checkpoints.write(environment_id, samples.state(environment_id), None)
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert (stored.state, stored.etag) == (samples.state(environment_id), etag)


async def test_an_empty_state_is_read_back(kit: Kit, environment_id: str) -> None:
    await kit.checkpoints.write(environment_id, EnvironmentState(), None)
    stored = await kit.other_checkpoints.read(environment_id)
    assert stored is not None
    assert stored.state == EnvironmentState()


async def test_each_commit_has_an_etag_of_its_own(kit: Kit, environment_id: str) -> None:
    first = await kit.checkpoints.write(environment_id, EnvironmentState(), None)
    second = await kit.checkpoints.write(environment_id, EnvironmentState(), first)
    assert first != second


async def test_a_commit_over_the_last_version_succeeds_again_and_again(kit: Kit, environment_id: str) -> None:
    etag = None
    for sequence in range(5):
        etag = await kit.checkpoints.write(environment_id, EnvironmentState(sequence=sequence), etag)
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert (stored.state.sequence, stored.etag) == (4, etag)


async def test_a_commit_over_an_old_version_is_a_conflict_and_changes_nothing(kit: Kit, environment_id: str) -> None:
    old = await kit.checkpoints.write(environment_id, EnvironmentState(sequence=1), None)
    await kit.checkpoints.write(environment_id, EnvironmentState(sequence=2), old)
    await must_conflict(kit.checkpoints, environment_id, old)
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert stored.state.sequence == 2


async def test_a_first_commit_over_an_existing_one_is_a_conflict(kit: Kit, environment_id: str) -> None:
    await kit.checkpoints.write(environment_id, EnvironmentState(sequence=1), None)
    await must_conflict(kit.checkpoints, environment_id, None)
    await must_conflict(kit.other_checkpoints, environment_id, None)
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert stored.state.sequence == 1


async def test_a_commit_over_a_version_of_nothing_is_a_conflict(kit: Kit, environment_id: str) -> None:
    """As after the document was deleted by hand: the poller starts anew at its next poll."""
    other = str(environment_id)[::-1]
    etag = await kit.checkpoints.write(other, EnvironmentState(), None)
    await must_conflict(kit.checkpoints, environment_id, etag)


async def test_after_a_conflict_a_read_shows_the_winner_and_can_be_committed_over(
    kit: Kit, environment_id: str
) -> None:
    mine = await kit.checkpoints.write(environment_id, EnvironmentState(sequence=1), None)
    await kit.other_checkpoints.write(environment_id, EnvironmentState(sequence=2), mine)
    await must_conflict(kit.checkpoints, environment_id, mine)
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert stored.state.sequence == 2
    await kit.checkpoints.write(environment_id, EnvironmentState(sequence=3), stored.etag)


async def test_a_document_that_did_not_change_is_read_again_with_the_same_content(
    kit: Kit, environment_id: str
) -> None:
    await kit.checkpoints.write(environment_id, samples.state(environment_id), None)
    first, second = [await kit.checkpoints.read(environment_id) for _ in range(2)]
    assert first == second
    assert await kit.other_checkpoints.read(environment_id) == await kit.other_checkpoints.read(environment_id) == first


async def test_two_stores_on_one_storage_see_each_others_commits(kit: Kit, environment_id: str) -> None:
    etag: str | None = None
    for sequence in range(1, 5):
        writer, reader = (kit.checkpoints, kit.other_checkpoints)[:: 1 if sequence % 2 else -1]
        etag = await writer.write(environment_id, EnvironmentState(sequence=sequence), etag)
        stored = await reader.read(environment_id)
        assert stored is not None
        assert (stored.state.sequence, stored.etag) == (sequence, etag)


async def test_of_commits_at_the_same_time_one_wins(kit: Kit, environment_id: str) -> None:
    base = await kit.checkpoints.write(environment_id, EnvironmentState(), None)
    rivals = [EnvironmentState(sequence=number) for number in range(1, 9)]
    tried = (
        store.write(environment_id, rival, base)
        for store, rival in zip([kit.checkpoints, kit.other_checkpoints] * 4, rivals, strict=True)
    )
    results = await asyncio.gather(*tried, return_exceptions=True)
    won = [number for number, result in enumerate(results, start=1) if isinstance(result, str)]
    stored = await kit.checkpoints.read(environment_id)
    assert stored is not None
    assert [stored.state.sequence] == won
    assert sum(isinstance(result, CheckpointConflict) for result in results) == 7


async def test_environments_do_not_share_a_document(kit: Kit, environment_id: str) -> None:
    longer = f"{environment_id}-2"
    await kit.checkpoints.write(environment_id, EnvironmentState(sequence=1), None)
    await kit.checkpoints.write(longer, EnvironmentState(sequence=2), None)
    stored = [await kit.other_checkpoints.read(name) for name in (environment_id, longer)]
    assert [one.state.sequence for one in stored if one] == [1, 2]


async def test_ten_thousand_series_are_read_back_equal(kit: Kit, environment_id: str) -> None:
    big = samples.state(environment_id, series=10_000)
    await kit.checkpoints.write(environment_id, big, None)
    stored = await kit.other_checkpoints.read(environment_id)
    assert stored is not None
    assert stored.state == big


async def test_the_outbox_is_read_back_with_its_numbers_and_its_digits(kit: Kit, environment_id: str) -> None:
    """500 events that end at number 1,200, each with a decimal of 30 digits."""
    outbox = samples.events(environment_id, 500, value=samples.THIRTY_DIGITS, tiny=samples.THIRTY_DIGITS.scaleb(-30))
    await kit.checkpoints.write(environment_id, samples.state(environment_id, *outbox, sequence=1200), None)
    stored = await kit.other_checkpoints.read(environment_id)
    assert stored is not None
    assert [one.sequence for one in stored.state.outbox] == list(range(701, 1201))
    assert samples.written(stored.state.outbox) == samples.written(outbox)
    assert stored.state.outbox[0].event.data["value"] == samples.THIRTY_DIGITS


async def test_an_outbox_of_an_event_with_a_megabyte_of_text_is_read_back(kit: Kit, environment_id: str) -> None:
    big = samples.of_size(environment_id, 1_000_000)
    await kit.checkpoints.write(environment_id, samples.state(environment_id, big), None)
    stored = await kit.other_checkpoints.read(environment_id)
    assert stored is not None
    assert samples.written(stored.state.outbox) == samples.written([big])


async def test_what_a_reader_gets_is_not_changed_by_a_later_commit(kit: Kit, environment_id: str) -> None:
    etag = await kit.checkpoints.write(environment_id, samples.state(environment_id), None)
    before = await kit.checkpoints.read(environment_id)
    await kit.checkpoints.write(environment_id, replace(samples.state(environment_id), watches=8), etag)
    after = await kit.checkpoints.read(environment_id)
    assert before is not None
    assert after is not None
    assert (before.state.watches, after.state.watches) == (7, 8)
