"""What is read from the inbox and the simulator."""

from local.news import deliveries_of

CALL = {"number": 3, "flow": "F", "received_at": "2026-03-02T06:00:00Z", "status": 202, "body": "not JSON"}


def test_what_is_no_event_is_still_a_delivery() -> None:
    """A call with a broken body counts, under a name that nobody expects."""
    (told,) = deliveries_of(CALL)
    assert (told.type, told.id) == ("not an event", "call 3")


def test_a_call_that_was_refused_is_not_taken() -> None:
    """Any 2xx is a yes, as for the app."""
    assert [deliveries_of({**CALL, "status": status})[0].taken for status in (200, 202, 302, 400, 500)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_list_of_events_is_each_of_them() -> None:
    body = [{"id": "a", "type": "process.ended"}, {"id": "b", "type": "process.ended"}]
    assert [told.id for told in deliveries_of({**CALL, "body": body})] == ["a", "b"]
