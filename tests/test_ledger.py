"""The ledger checker itself: it must fail on whatever is planted, and on nothing else."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.ledger import Ledger, Observed, Stored, check, outcome_of


def a_ledger(path: Path) -> Ledger:
    """Three events of one actor in `one`, two in `two`; all of them acknowledged."""
    ledger = Ledger(path / "ledger.jsonl")
    for workspace, numbers in (("one", (1, 2, 3)), ("two", (1, 2))):
        for seq in numbers:
            event = f"{workspace}-{seq}"
            ledger.sending(event, workspace=workspace, key="ann", seq=seq)
            ledger.answered(event, "ok", 202)
    return ledger


def what_it_should_be() -> Observed:
    stored = [
        *(Stored("one", f"one-{n}", n) for n in (1, 2, 3)),
        *(Stored("two", f"two-{n}", n) for n in (1, 2)),
    ]
    return Observed(stored, {"rollup": Counter(one=3, two=2)})


def kinds(ledger: Ledger, observed: Observed) -> list[str]:
    return [violation.kind for violation in check(ledger.entries(), observed)]


def test_a_system_that_kept_its_promises_passes(tmp_path: Path):
    assert kinds(a_ledger(tmp_path), what_it_should_be()) == []


def test_a_planted_loss_is_found(tmp_path: Path):
    observed = what_it_should_be()
    del observed.stored[1]
    observed.counted["rollup"]["one"] = 2
    assert kinds(a_ledger(tmp_path), observed) == ["lost"]


def test_a_planted_repeat_is_found(tmp_path: Path):
    observed = what_it_should_be()
    observed.stored.append(observed.stored[0])
    assert kinds(a_ledger(tmp_path), observed) == ["repeated"]


def test_an_event_that_counts_twice_is_found_although_it_is_stored_once(tmp_path: Path):
    observed = what_it_should_be()
    observed.counted["rollup"]["one"] += 1
    assert kinds(a_ledger(tmp_path), observed) == ["miscounted"]


def test_a_planted_swap_is_found(tmp_path: Path):
    observed = what_it_should_be()
    observed.stored[0], observed.stored[1] = observed.stored[1], observed.stored[0]
    assert kinds(a_ledger(tmp_path), observed) == ["swapped"]


def test_the_order_of_different_keys_is_free(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for key, seq in (("ann", 1), ("bob", 1), ("ann", 2)):
        ledger.sending(f"{key}-{seq}", workspace="one", key=key, seq=seq)
        ledger.answered(f"{key}-{seq}", "ok")
    stored = [Stored("one", "ann-1", 1), Stored("one", "ann-2", 2), Stored("one", "bob-1", 1)]
    assert kinds(ledger, Observed(stored)) == []


def test_a_planted_leak_is_found(tmp_path: Path):
    observed = what_it_should_be()
    observed.stored.append(replace(observed.stored[0], workspace="two"))
    observed.counted["rollup"]["two"] = 3
    assert kinds(a_ledger(tmp_path), observed) == ["leaked"]


def test_an_event_that_moved_to_another_workspace_is_lost_and_leaked(tmp_path: Path):
    observed = what_it_should_be()
    observed.stored[0] = replace(observed.stored[0], workspace="two")
    observed.counted["rollup"] = Counter(one=2, two=3)
    assert kinds(a_ledger(tmp_path), observed) == ["lost", "leaked"]


def test_what_nobody_sent_is_found(tmp_path: Path):
    observed = what_it_should_be()
    observed.stored.append(Stored("one", "one-9", 9))
    observed.counted["rollup"]["one"] = 4
    assert kinds(a_ledger(tmp_path), observed) == ["ghost"]


def test_what_was_refused_must_not_be_stored_unless_a_later_try_was_taken(tmp_path: Path):
    ledger = a_ledger(tmp_path)
    for event in ("one-4", "one-5"):
        ledger.sending(event, workspace="one", key="ann", seq=int(event[-1]))
        ledger.answered(event, outcome_of(429), 429)
    ledger.sending("one-5", workspace="one", key="ann", seq=5)
    ledger.answered("one-5", "ok", 202)
    observed = what_it_should_be()
    observed.stored += [Stored("one", "one-4", 4), Stored("one", "one-5", 5)]
    observed.counted["rollup"]["one"] = 5
    violations = check(ledger.entries(), observed)
    assert [(v.kind, v.what) for v in violations] == [("ghost", "one-4 in one")]


def test_what_was_never_answered_may_be_there_or_not(tmp_path: Path):
    ledger = a_ledger(tmp_path)
    ledger.sending("one-4", workspace="one", key="ann", seq=4)
    assert kinds(ledger, what_it_should_be()) == []
    observed = what_it_should_be()
    observed.stored.append(Stored("one", "one-4", 4))
    observed.counted["rollup"]["one"] = 4
    assert kinds(ledger, observed) == []


def test_a_refusal_after_an_attempt_without_answer_says_nothing(tmp_path: Path):
    ledger = a_ledger(tmp_path)
    for outcome in ("unknown", "refused"):
        ledger.sending("one-4", workspace="one", key="ann", seq=4)
        ledger.answered("one-4", outcome)
    observed = what_it_should_be()
    observed.stored.append(Stored("one", "one-4", 4))
    observed.counted["rollup"]["one"] = 4
    assert kinds(ledger, observed) == []


def test_only_a_clear_no_is_a_refusal():
    outcomes = {status: outcome_of(status) for status in (200, 202, 401, 429, 503, None)}
    assert outcomes == {
        200: "ok",
        202: "ok",
        401: "refused",
        429: "refused",
        503: "unknown",
        None: "unknown",
    }


def test_a_residual_of_an_audit_is_passed_on(tmp_path: Path):
    observed = what_it_should_be()
    observed.residuals.append("crm: received 5, applied 4")
    assert kinds(a_ledger(tmp_path), observed) == ["residual"]
