"""Which defects must the suite notice? At least one of each class that a change could bring in."""

from local.faults.seeding import Seed

CRASHES = "tests/services/test_crash_points.py"

SEEDS = (
    Seed(
        "save before enqueue: the outbox is cleared before its events are sent",
        "shared/services/relay_outbox.py",
        """        await ports.log.append(environment_id, state.outbox)
""",
        """        cleared = replace(state, outbox=())
        stored = StoredState(cleared, await ports.checkpoints.write(environment_id, cleared, stored.etag))
        await ports.log.append(environment_id, state.outbox)
""",
        (f"{CRASHES}::test_a_process_that_dies_before_any_write_loses_nothing",),
    ),
    Seed(
        "save after enqueue: the events are handed on and then committed",
        "shared/services/poll_environment.py",
        """    etag = await ports.checkpoints.write(environment_id, committed, stored.etag if stored else None)
""",
        """    if committed.outbox:
        await ports.log.append(environment_id, committed.outbox)
    etag = await ports.checkpoints.write(environment_id, committed, stored.etag if stored else None)
""",
        ("tests/faults/test_many_pollers.py::test_pollers_that_stall_and_are_taken_over_commit_a_change_once",),
    ),
    Seed(
        "a missing dedupe: a task that ended is news at each poll",
        "shared/domain/detection/progress.py",
        "for task in job.tasks if task.ended and task.key not in handled}",
        "for task in job.tasks if task.ended}",
        ("tests/domain/test_rhythm.py::test_an_event_is_never_told_twice",),
    ),
    Seed(
        "a second id: the id of an event is random",
        "shared/domain/events.py",
        "id=str(uuid.uuid5(_NAMESPACE, identity))",
        "id=str(uuid.uuid4())",
        (f"{CRASHES}::test_a_process_that_dies_after_any_write_loses_nothing",),
    ),
    Seed(
        "a lost race that is not noticed: a checkpoint is written over whatever is there",
        "shared/adapters/blobs.py",
        "condition = _if(MatchConditions.IfNotModified, etag)",
        "condition = _if(MatchConditions.IfPresent, etag)",
        ("tests/contracts/test_checkpoints.py",),
    ),
    Seed(
        "a swallowed exception: pairs that could not be sent are forgotten",
        "shared/services/fan_out.py",
        """        await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, pairs, trace))
""",
        """        from contextlib import suppress

        with suppress(Exception):
            await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, pairs, trace))
""",
        (f"{CRASHES}::test_any_write_that_fails_by_itself_loses_nothing",),
    ),
    Seed(
        "a deleted subscription is served",
        "shared/services/serve_subscription.py",
        "if subscription is None or not subscription.is_live:",
        "if subscription is None:",
        ("tests/services/test_deliver.py", "tests/services/test_deleted_first.py"),
    ),
    Seed(
        "a skipped audience check",
        "shared/adapters/entra_tokens.py",
        "if not isinstance(audience, str) or audience not in "
        '(ours if version == "1.0" else {self._settings.client_id}):',
        "if not isinstance(audience, str) or not ours:",
        ("tests/access/test_token_table.py",),
    ),
    Seed(
        "a skipped owner check",
        "shared/domain/callers.py",
        "return self.is_administrator or subscription.owner == self.owner",
        "return self.is_administrator or bool(subscription.owner)",
        ("tests/access/test_matrix.py",),
    ),
    Seed(
        "a redirect that is followed",
        "shared/adapters/callback_sender.py",
        "allow_redirects=False",
        "allow_redirects=True",
        ("tests/adapters/test_callback_sender.py",),
    ),
    Seed(
        "an address that is not checked",
        "shared/adapters/checked_resolver.py",
        'if any(self._forbidden(one["host"]) for one in found):',
        'if all(self._forbidden(one["host"]) for one in found[:-1]) and len(found) > 1:',
        ("tests/adapters/test_callback_dns.py",),
    ),
    Seed(
        "a logged URL: the error of a failed call quotes it, and the logs' filter knows no signatures",
        "shared/adapters/callback_sender.py",
        'raise DeliveryFailed(f"No answer from {url.host} ({reason}).", reason=reason)',
        'raise DeliveryFailed(f"No answer from {url.secret} ({reason}).", reason=reason)',
        ("tests/adapters/test_callback_sender.py",),
    ),
    Seed(
        "a call that is waited for without an end",
        "shared/adapters/insights_http.py",
        "async with asyncio.timeout(deadline_seconds):",
        "async with asyncio.timeout(deadline_seconds * 1_000):",
        ("tests/adapters/test_insights_http.py",),
    ),
    Seed(
        "a parser that trusts its input",
        "shared/adapters/entra_tokens.py",
        """            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotAuthenticated""",
        """            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidSignatureError:
            raise NotAuthenticated""",
        ("tests/access/test_any_token.py",),
    ),
    Seed(
        "a message for each environment",
        "shared/services/start_polls.py",
        "ENVIRONMENTS_PER_MESSAGE = 16",
        "ENVIRONMENTS_PER_MESSAGE = 1",
        ("tests/services/test_start_polls.py",),
    ),
)
