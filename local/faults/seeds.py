"""Which defects must the suite notice? At least one of each class that a change could bring in."""

from local.faults.seeding import Seed
from local.faults.seeds_of_suites import SEEDS_OF_SUITES

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
        ("tests/domain/test_progress.py",),
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
        "condition: dict[str, Any] = {}",
        ("tests/contracts/test_checkpoints.py::test_a_commit_over_an_old_version_is_a_conflict_and_changes_nothing",),
        says="DID NOT RAISE",
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
        ("tests/services/test_deleted_first.py",),
    ),
    Seed(
        "a skipped audience check",
        "shared/adapters/entra_tokens.py",
        "if not isinstance(audience, str) or audience not in "
        '(ours if version == "1.0" else {self._settings.client_id}):',
        "if not isinstance(audience, str) or not ours:",
        ("tests/access/test_token_table.py",),
        says="audience_not_ours",
    ),
    Seed(
        "a skipped owner check",
        "shared/domain/callers.py",
        "return self.is_administrator or subscription.owner == self.owner",
        "return self.is_administrator or bool(subscription.owner)",
        ("tests/access/test_matrix.py::test_everybody_is_answered_as_they_should_be_at_every_door",),
        says="another owner",
    ),
    Seed(
        "a redirect that is followed",
        "shared/adapters/callback_sender.py",
        "allow_redirects=False",
        "allow_redirects=True",
        ("tests/adapters/test_callback_sender.py::test_a_redirect_is_not_followed",),
    ),
    Seed(
        "an address that is not checked",
        "shared/adapters/checked_resolver.py",
        'if any(self._forbidden(one["host"]) for one in found):',
        'if all(self._forbidden(one["host"]) for one in found[:-1]) and len(found) > 1:',
        ("tests/adapters/test_callback_dns.py::test_a_name_that_now_leads_elsewhere_never_gets_there",),
        says="address_forbidden",
    ),
    Seed(
        "a logged URL: the filter is put on a logger, whose children's records it never sees",
        "shared/observability.py",
        """            handler.addFilter(RedactingFilter())
""",
        """            logging.getLogger().addFilter(RedactingFilter())
""",
        ("tests/test_observability.py::test_a_secret_in_a_message_is_not_written",),
        says="calling https://",
    ),
    Seed(
        "an error that quotes the URL of a failed call",
        "shared/adapters/callback_sender.py",
        'raise DeliveryFailed(f"No answer from {url.host} ({reason}).", reason=reason)',
        'raise DeliveryFailed(f"No answer from {url.secret} ({reason}).", reason=reason)',
        ("tests/adapters/test_callback_sender.py::test_a_connection_that_the_flow_drops_is_a_failed_delivery",),
        says="is contained here",
    ),
    Seed(
        "a call that is waited for without an end",
        "shared/adapters/callback_sender.py",
        """            asyncio.timeout(TIMEOUT_SECONDS),
            self._open()""",
        """            asyncio.timeout(None),
            self._open()""",
        ("tests/adapters/test_callback_limits.py::test_a_receiver_that_answers_byte_by_byte_is_cut_off",),
        says="TimeoutError",
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
        ("tests/access/test_any_token.py::test_any_text_is_refused",),
    ),
    Seed(
        "a message for each environment",
        "shared/services/start_polls.py",
        "ENVIRONMENTS_PER_MESSAGE = 16",
        "ENVIRONMENTS_PER_MESSAGE = 1",
        ("tests/services/test_start_polls.py",),
    ),
    Seed(
        "an answer from before the question: who asks during a call gets that call's answer",
        "shared/adapters/together.py",
        """            while group := self._waiting.pop(key, None):
                await self._answer(key, group)
""",
        """            while group := self._waiting.get(key):
                await self._answer(key, group)
                del self._waiting[key]
""",
        ("tests/adapters/test_subscriptions_at_once.py::test_a_listing_shows_what_was_saved_before_it_was_asked_for",),
        says="what was saved is not listed",
    ),
    Seed(
        "an event twice: of pages that overlap each tells all that it holds",
        "shared/adapters/event_table.py",
        "if numbered.sequence > told:",
        "if numbered.sequence > query.after:",
        ("tests/contracts/test_event_splits.py",),
    ),
    Seed(
        "headlines that hide: a job that ended with a task still open is left at its headline",
        "shared/domain/detection/progress.py",
        "    return all(mark.closed for mark in checkpoint.jobs.values())",
        "    return all(JOB_ENDED in mark.handled for mark in checkpoint.jobs.values())",
        ("tests/domain/test_settled.py",),
    ),
    *SEEDS_OF_SUITES,
)
