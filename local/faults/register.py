"""Which promises are tried, in which order? docs/reliability.md lists them with the numbers of the last run."""

from local.faults.promises import Part, Promise, Way

PROMISES = (
    Promise(
        "nothing-lost",
        "No change that was seen is lost and no fact gets a second id, wherever a process stops.",
        (
            Part(
                "pipeline in memory",
                "The run is stopped before and after every write of poll, relay, fan-out and delivery, dead or broken.",
                ("tests/services/test_crash_points.py",),
            ),
            Part(
                "every service in memory",
                "The same for every service that writes, and for the callers of HTTP functions who repeat their calls.",
                ("tests/faults/test_crash_services.py", "tests/faults/test_crash_writes.py"),
            ),
            Part(
                "storage emulator",
                "The run stops before and after each request that writes to Azurite, through the real adapters.",
                ("tests/faults/test_crash_azurite.py",),
            ),
            Part(
                "SIGKILL",
                "A real process kills itself at a write; another process goes on with what storage has.",
                ("tests/faults/test_kill.py",),
            ),
            Part(
                "a day of kills",
                "The functions host is killed every five seconds of a played day.",
                ("tests/e2e/test_played_day.py::test_a_day_with_crashes",),
            ),
        ),
    ),
    Promise(
        "any-order",
        "Whatever happens in whatever order, a flow gets its events or they are among the dead, with a reason.",
        (
            Part(
                "state machine",
                "Changes, polls, crashes, repeated and reordered messages, clock jumps, flows that come, go and "
                "refuse, lost races and failing storage, in orders that hypothesis chooses.",
                ("tests/faults/test_state_machine.py", "tests/faults/test_found_stories.py"),
            ),
            Part(
                "repeats",
                "Messages delivered up to five times in any order; ticks missed, doubled and overlapping.",
                ("tests/faults/test_repeats.py",),
            ),
        ),
    ),
    Promise(
        "once-but-for-faults",
        "A flow gets an event again only where something broke, with the same id; one that left gets no more: another "
        "host learns of it within five seconds.",
        (
            Part(
                "coming and going",
                "Flows that subscribe again, are replaced and leave, in every order and amid deliveries.",
                (
                    "tests/services/test_replacement.py",
                    "tests/services/test_deleted_first.py",
                    "tests/services/test_handing_over.py",
                    "tests/services/test_sweep.py",
                ),
            ),
            Part(
                "what is sent",
                "The bytes at the borders of what storage takes, and the ids and signatures that a flow sees.",
                (
                    "tests/contracts/test_borders.py",
                    "tests/adapters/test_callback_signatures.py",
                    "tests/domain/test_signatures.py",
                ),
            ),
        ),
    ),
    Promise(
        "outages",
        "A fault between the app and a partner ends in success or in a reason; nothing hangs past its deadline.",
        (
            Part(
                "fault matrix",
                "Eight faults of a TCP proxy at Customer Insights, blobs, tables, queues, flows and the token issuer, "
                "while connecting and amid an answer.",
                ("tests/faults/test_fault_matrix.py",),
            ),
            Part(
                "slow partners",
                "Partners that drip, stall or pour; answers that are small on the wire and huge unpacked.",
                ("tests/faults/test_slow_partners.py", "tests/faults/test_bombs.py"),
            ),
            Part(
                "sick partners",
                "A source, flows and Entra ID that answer with errors, garbage or nothing.",
                (
                    "tests/e2e/test_sick_source.py",
                    "tests/actions/test_failures.py",
                    "tests/actions/test_entra_down.py",
                    "tests/services/test_polling_faults.py",
                    "tests/services/test_faults_of_ours.py",
                    "tests/adapters/test_insights_errors.py",
                ),
            ),
        ),
    ),
    Promise(
        "many-at-once",
        "Many pollers, two hosts and odd timers come to what one of each comes to.",
        (
            Part(
                "fifty at once",
                "Pollers of one environment, fan-outs and deliveries of one message, one flow that subscribes.",
                ("tests/faults/test_many_pollers.py", "tests/faults/test_at_once.py"),
            ),
            Part(
                "two hosts", "Two functions hosts on one storage for a played day.", ("tests/faults/test_two_hosts.py",)
            ),
            Part(
                "timers",
                "Ticks missed, doubled, overlapping, the clock an hour off; a day, and six weeks of sweeps after it.",
                ("tests/faults/test_timers.py", "tests/faults/test_soak.py"),
            ),
        ),
    ),
    Promise(
        "nobody-in",
        "Only a token of the right issuer, audience, tenant and application gets in, and only to what is its bearer's.",
        (
            Part(
                "tokens, keys and rights",
                "Forged and spoiled tokens and key documents; every route with every kind of visitor. While Entra ID "
                "is down for up to a day, nobody whose key is known is refused.",
                ("tests/access",),
            ),
        ),
    ),
    Promise(
        "no-way-out",
        "No call leaves for an address that is not allowed, and no redirect is followed.",
        (
            Part(
                "callbacks",
                "Hostile callback URLs, addresses, names that resolve elsewhere, redirects and endless answers.",
                (
                    "tests/domain/test_callback_url.py",
                    "tests/domain/test_addresses.py",
                    "tests/adapters/test_callback_dns.py",
                    "tests/adapters/test_callback_limits.py",
                    "tests/adapters/test_callback_sender.py",
                    "tests/adapters/test_callback_token.py",
                ),
            ),
            Part(
                "actions",
                "Path tricks in what callers name, and storage places that are not Azure's.",
                ("tests/actions/test_path_tricks.py", "tests/adapters/test_partition_places.py"),
            ),
        ),
    ),
    Promise(
        "bad-input",
        "No bytes from outside break the app or block what comes after them: the answer says what to mend.",
        (
            Part(
                "bodies",
                "Oversized, deep, huge and misencoded bodies at every route.",
                ("tests/faults/test_bodies.py",),
            ),
            Part(
                "faults of ours",
                "Wrong methods, and exceptions forced at the ports: no detail in the answer, one record in the log.",
                ("tests/faults/test_forced_faults.py",),
            ),
            Part(
                "requests and messages",
                "Made-up requests from the connector's definition, odd requests, poison messages.",
                (
                    "tests/connector/test_any_request.py",
                    "tests/e2e/test_odd_requests.py",
                    "tests/e2e/test_bad_messages.py",
                    "tests/adapters/test_messages.py",
                ),
            ),
            Part(
                "parsers",
                "Samples and their mutations for everything that reads bytes; what fuzzing found, by name.",
                ("tests/faults/test_fuzz_targets.py", "tests/faults/test_found.py"),
            ),
            Part("fuzzing", "Coverage-guided fuzzing (atheris) of the same parsers.", way=Way.FUZZ),
        ),
    ),
    Promise(
        "no-secret-out",
        "No token, key or callback URL is in a log or an answer, and nobody forges a line of the log.",
        (
            Part(
                "canaries",
                "Marked secrets through every function and fault, sought in logs, answers, tables and telemetry.",
                (
                    "tests/e2e/test_canary.py",
                    "tests/access/test_canary.py",
                    "tests/telemetry/test_secrets.py",
                    "tests/test_observability.py",
                    "tests/telemetry/test_logs.py",
                ),
            ),
            Part(
                "log injection",
                "Line ends, escapes and forged records in whatever others name.",
                ("tests/faults/test_log_injection.py",),
            ),
        ),
    ),
    Promise(
        "found",
        "What Customer Insights still tells is found whatever the rhythm of polls; the first sight fires nothing.",
        (
            Part(
                "rhythms",
                "Made-up histories polled at any minutes, with lists in any order, and any answer at all.",
                ("tests/domain/test_rhythm.py", "tests/domain/test_total.py"),
            ),
        ),
    ),
    Promise(
        "no-queueing",
        "A flow that is dead, slow or off holds up no other; what it could not take is kept and can be sent again.",
        (
            Part(
                "fairness",
                "Dead and slow flows beside well ones in virtual time; breaker, rate limit, rests.",
                (
                    "tests/services/test_fairness.py",
                    "tests/services/test_breaker.py",
                    "tests/services/test_rate.py",
                    "tests/services/test_rests.py",
                ),
            ),
            Part(
                "the dead",
                "Kept, listed, sent again.",
                ("tests/services/test_dead.py", "tests/services/test_replay.py"),
            ),
        ),
    ),
    Promise(
        "cheap",
        "An idle poll costs one API call and one storage read, and writes a heartbeat every five minutes.",
        (Part("counts", "Requests counted at the SDK's transport.", ("tests/adapters/test_cost.py",)),),
    ),
    Promise(
        "scale",
        "Ten thousand segments, five thousand subscriptions or a thousand environments do not break it.",
        (Part("sizes", "Counts of calls, requests and messages, and memory.", ("tests/faults/test_scale.py",)),),
    ),
    Promise(
        "tests-bite",
        "The suite notices defects: planted ones, and nine of ten small changes to the rules and services.",
        (
            Part("planted defects", "One of each class, in a copy of the code.", ("tests/faults/test_seeds.py",)),
            Part(
                "means",
                "The proxy does to a connection what it says; who judges a crash, a planted defect or mutants sees "
                "what is wrong.",
                (
                    "tests/faults/test_proxy.py",
                    "tests/faults/test_crash_judge.py",
                    "tests/faults/test_seeding.py",
                    "tests/faults/test_mutation.py",
                ),
            ),
            Part(
                "mutants",
                "Every small change that mutmut makes to shared/domain and shared/services.",
                way=Way.MUTATION,
            ),
        ),
    ),
)
