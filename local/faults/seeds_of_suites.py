"""Which defects must each part of local/faults/register.py notice, such as a suite of its kind is there for?"""

from local.faults.seeding import Seed

_IN_THIS_PROCESS_ONLY = (
    "shared/adapters/cipher.py",
    """    def __init__(self, keys: Sequence[str]) -> None:
        try:
            fernets = [Fernet(key) for key in keys]
""",
    """    def __init__(self, keys: Sequence[str], own: bytes = Fernet.generate_key()) -> None:
        try:
            fernets = [Fernet(key) for key in (own, *keys)]
""",
)

SEEDS_OF_SUITES = (
    Seed(
        "every service: a fault of ours at one flow is logged, and its events are forgotten",
        "shared/services/deliver.py",
        """    await _try_again(ports, batch, pair.rest_from(served.settled), served)
    return served
""",
        """    return served
""",
        (
            "tests/faults/test_crash_services.py"
            "::test_a_crash_at_any_write_loses_nothing_and_repeats_one_batch_at_most[a-write-that-fails-0]",
        ),
        says="did not get",
        full=True,
    ),
    Seed(
        "every service: what a crash left is handed on with the three events before it",
        "shared/services/poll_environment.py",
        """        stored = await relay_outbox(ports, environment_id, stored)
    before""",
        """        first = stored.state.outbox[0].sequence
        earlier = await ports.log.read(environment_id, after=max(0, first - 4), limit=min(3, first - 1))
        again = replace(stored.state, outbox=(*earlier, *stored.state.outbox))
        stored = await relay_outbox(ports, environment_id, replace(stored, state=again))
    before""",
        (
            "tests/faults/test_crash_services.py"
            "::test_a_crash_at_any_write_loses_nothing_and_repeats_one_batch_at_most[a-write-that-fails-0]",
        ),
        says="times more",
        full=True,
    ),
    Seed(
        "storage emulator: events are logged by inserts, which a repeated relay cannot make again",
        "shared/adapters/event_table.py",
        "await self._table.upsert_entity(batch[0], mode=UpdateMode.REPLACE)",
        "await self._table.create_entity(batch[0])",
        (
            "tests/faults/test_crash_azurite.py"
            "::test_a_crash_at_any_request_loses_nothing_and_repeats_one_batch_at_most[dies-after-0]",
        ),
        says="EntityAlreadyExists",
        full=True,
    ),
    Seed(
        "SIGKILL: secrets that the next process cannot read, for a key is made at the start of each",
        *_IN_THIS_PROCESS_ONLY,
        ("tests/faults/test_kill.py::test_a_killed_process_loses_nothing_and_repeats_one_batch_at_most[0]",),
        says="live are []",
    ),
    Seed(
        "state machine: an exception of the product that looks like an injected fault",
        "shared/services/deliver.py",
        """    found = await _find(ports, batch)
""",
        """    found = await _find(ports, batch)
    if batch.replayed:
        raise TypeError
""",
        ("tests/faults/test_state_machine.py::test_nothing_is_lost_and_nothing_made_up_in_any_story",),
        says="TypeError",
    ),
    Seed(
        "state machine: who subscribes amid a look is judged by what it read before",
        "shared/services/look_at_environment.py",
        "tuple(unread(measure) if measure.name in late else measure for measure in measures)",
        "measures",
        ("tests/faults/test_found_stories.py",),
        says="never told",
    ),
    Seed(
        "repeats: what a crash left is taken over after ten minutes",
        "shared/domain/polling.py",
        "TAKE_OVER_AFTER = timedelta(seconds=60)",
        "TAKE_OVER_AFTER = timedelta(minutes=10)",
        ("tests/faults/test_repeats.py::test_an_outbox_that_a_crash_left_is_handed_on_two_ticks_later",),
    ),
    Seed(
        "what is sent: a message that fits until it is in base64",
        "shared/adapters/messages.py",
        "MAX_MESSAGE_BYTES = 48 * 1024",
        "MAX_MESSAGE_BYTES = 64 * 1024",
        ("tests/contracts/test_borders.py::test_a_deliveries_message_of_any_size_arrives",),
    ),
    Seed(
        "fault matrix: a connection that breaks is no failure that is known",
        "shared/adapters/callback_sender.py",
        "except (TimeoutError, aiohttp.ClientError) as error:",
        "except TimeoutError as error:",
        ("tests/faults/test_fault_matrix.py::test_what_a_flow_never_takes_is_dead_with_a_reason",),
        says="{'connection'}",
    ),
    Seed(
        "slow partners: storage that drips is waited for",
        "shared/adapters/storage.py",
        "async with asyncio.timeout(ATTEMPT_SECONDS):",
        "async with asyncio.timeout(None):",
        ("tests/faults/test_slow_partners.py::test_storage_that_never_answers_whole_is_given_up",),
    ),
    Seed(
        "bombs: an answer is unpacked before it is measured",
        "shared/adapters/insights_http.py",
        "unpacker.decompress(piece, bounds.max_bytes - size + 1)",
        "unpacker.decompress(piece)",
        ("tests/faults/test_bombs.py::test_an_answer_that_grows_is_left_at_its_bound",),
        says="< 12582912",
    ),
    Seed(
        "sick partners: a list that cannot be read holds up the rest",
        "shared/services/poll_environments.py",
        "results = await asyncio.gather(*polls, return_exceptions=True)",
        "results = await asyncio.gather(*polls)",
        ("tests/services/test_polling_faults.py",),
    ),
    Seed(
        "fifty at once: a flow's subscriptions are settled before the new one is there",
        "shared/services/subscribe.py",
        """    await ports.subscriptions.save(subscription)
    await _settle(ports, subscription)
""",
        """    await _settle(ports, subscription)
    await ports.subscriptions.save(subscription)
""",
        ("tests/faults/test_at_once.py::test_a_flow_that_is_saved_many_times_at_once_has_one_live_subscription",),
        says="== 1",
    ),
    Seed(
        "timers: nobody hears that no timer fired for hours",
        "shared/domain/detection/reachability.py",
        "SILENCE = timedelta(hours=3)",
        "SILENCE = timedelta(days=3)",
        ("tests/faults/test_timers.py::test_ticks_that_are_missed_are_made_up_for_by_one",),
        says="environment.unreachable",
    ),
    Seed(
        "timers: six weeks later an ended subscription is still kept",
        "shared/services/sweep.py",
        "ENDED_RETENTION = timedelta(days=7)",
        "ENDED_RETENTION = timedelta(days=70)",
        ("tests/faults/test_soak.py",),
    ),
    Seed(
        "actions: a name may hold whatever is no slash",
        "shared/domain/asking.py",
        '_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,199}")',
        '_NAME = re.compile(r"[^/]{1,200}")',
        ("tests/actions/test_path_tricks.py::test_a_trick_in_a_path_goes_nowhere",),
        says="Seen(",
    ),
    Seed(
        "bodies: JSON that is too deep is a fault of ours",
        "functions/answers.py",
        """    except UNREADABLE:
        raise RequestInvalid("body", "must be JSON")""",
        """    except msgspec.DecodeError:
        raise RequestInvalid("body", "must be JSON")""",
        ("tests/faults/test_bodies.py::test_no_body_breaks_a_door",),
        says="500",
    ),
    Seed(
        "faults of ours: what could not be done is answered with 200",
        "functions/access.py",
        """        except SignalsError as error:
            _tell""",
        """        except SignalsError as error:
            if (status_of(error) or 500) >= 500:
                return func.HttpResponse(status_code=200)
            _tell""",
        ("tests/faults/test_forced_faults.py::test_a_fault_at_any_use_of_a_port_is_500_without_a_word",),
        says=": 200 b",
    ),
    Seed(
        "requests and messages: what halves a message counts attempts that nobody made",
        "shared/adapters/messages.py",
        "return _with(pair, places, pair.attempt if first else 1)",
        "return _with(pair, places, pair.attempt)",
        ("tests/adapters/test_messages.py::test_every_pair_survives_once_and_in_order",),
    ),
    Seed(
        "parsers: an exponent that no decimal has breaks a message's reader",
        "shared/adapters/messages.py",
        "UnicodeDecodeError, RecursionError, InvalidOperation, OverflowError)",
        "UnicodeDecodeError, RecursionError, OverflowError)",
        ("tests/faults/test_fuzz_targets.py::test_whatever_comes_is_read_or_refused",),
        says="InvalidOperation",
    ),
    Seed(
        "log injection: only line feeds are escaped",
        "shared/observability.py",
        'return text if text.isprintable() else "".join(map(_escaped, text))',
        'return text.replace("\\n", "\\\\n")',
        ("tests/faults/test_log_injection.py::test_a_record_is_one_line_and_nobody_else_writes_one",),
    ),
    Seed(
        "rhythms: a task that ended is news at each poll",
        "shared/domain/detection/progress.py",
        "for task in job.tasks if task.ended and task.key not in handled}",
        "for task in job.tasks if task.ended}",
        ("tests/domain/test_rhythm.py::test_an_event_is_never_told_twice",),
    ),
    Seed(
        "fairness: a dead flow is called on and on",
        "shared/domain/health.py",
        "FAILURES_TO_OPEN = 5",
        "FAILURES_TO_OPEN = 5_000",
        (
            "tests/services/test_fairness.py"
            "::test_a_dead_and_a_slow_flow_do_not_delay_the_others[a burst in packed messages]",
        ),
        says="< 10",
    ),
    Seed(
        "the dead: a delivery is taken from the dead before it is sent again",
        "shared/services/replay_delivery.py",
        """    await ports.queues.send_deliveries(batch)
    await ports.dead.remove(dead)
""",
        """    await ports.dead.remove(dead)
    await ports.queues.send_deliveries(batch)
""",
        ("tests/services/test_dead.py::test_a_crash_while_it_is_sent_again_sends_it_twice_at_worst",),
    ),
    Seed(
        "counts: an idle poll brings a document that it knows",
        "shared/adapters/blobs.py",
        "known.etag if known else None)",
        "None)",
        (
            "tests/adapters/test_cost.py"
            "::test_an_idle_poll_is_one_call_and_one_read_that_brings_nothing_and_writes_nothing",
        ),
        says="'GET', 304",
    ),
    Seed(
        "sizes: a message for each pair",
        "shared/services/fan_out.py",
        """        await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, pairs, trace))
""",
        """        for pair in pairs:
            await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, (pair,), trace))
""",
        ("tests/faults/test_scale.py::test_size_costs_no_more_than_it_must",),
        says="<= 1",
    ),
)
