"""Which parsers read bytes from outside? Each is fuzzed; tests/faults/test_fuzz_targets.py finds one that is not."""

from collections.abc import Mapping

from local.faults.target import Target
from local.faults.targets_callers import caller_targets
from local.faults.targets_storage import storage_targets
from local.faults.targets_vendors import vendor_targets

TARGETS: Mapping[str, Target] = {one.name: one for one in (*storage_targets(), *caller_targets(), *vendor_targets())}
