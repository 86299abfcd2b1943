"""An interrupted run takes up its finished draws, bit for bit."""

import equinox as eqx
import jax
import numpy as np
import pytest

import framerail as fr
from framerail.report import FolderStore, run_key, run_scenario
from framerail.report import save as save_module
from framerail.studies import evaluate_rows, rows

WIDTH = 200


class Stopped(BaseException):
    pass


@pytest.fixture
def chain(monkeypatch, structures):
    """A stand-in for the compiled chain that counts its calls and may stop."""
    calls = []
    state = {"stop_after": None}

    def evaluate(self, function, arguments, options=None):
        part = np.asarray(arguments[-1])
        if state["stop_after"] is not None and len(calls) >= state["stop_after"]:
            raise Stopped
        calls.append(part.shape)
        sums = np.sin(part.sum(axis=1) * 1e-9)

        def leaf(spec):
            shape = (part.shape[0],) + (1,) * len(spec.shape)
            return np.broadcast_to(sums.reshape(shape), (part.shape[0], *spec.shape)).astype(
                spec.dtype
            )

        return jax.tree_util.tree_map(leaf, structures[1])

    monkeypatch.setattr(rows.Programs, "call", evaluate)
    return calls, state


def sampled(scenario, draws):
    points = np.random.default_rng(1).uniform(0.01, 0.99, (draws, len(scenario.uncertainty)))
    return rows.np.asarray(fr.studies.sampling.sample_leaves(scenario, points))


def same(first, second):
    pairs = zip(jax.tree_util.tree_leaves(first), jax.tree_util.tree_leaves(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_resumed_draws_are_the_same_bits(chain, scenario, tmp_path):
    calls, state = chain
    inputs = sampled(scenario, WIDTH)
    whole = evaluate_rows(scenario, inputs, step="whole")
    count = len(calls)
    calls.clear()
    state["stop_after"] = 2
    with pytest.raises(Stopped):
        evaluate_rows(scenario, inputs, step="cut", store=FolderStore(tmp_path, "key"))
    state["stop_after"] = None
    kept = len(list((tmp_path / "key").glob("*.npz")))
    assert 0 < kept < count
    calls.clear()
    resumed = evaluate_rows(scenario, inputs, step="again", store=FolderStore(tmp_path, "key"))
    assert len(calls) == count - kept
    assert same(whole, resumed)


def test_a_damaged_chunk_is_computed_again(tmp_path):
    store = FolderStore(tmp_path, "key")
    store.put(3, [np.arange(4.0), np.ones((2, 2), np.int32)])
    found = store.get(3)
    assert found is not None
    assert found[1].dtype == np.int32
    file = next((tmp_path / "key").iterdir())
    file.write_bytes(file.read_bytes()[:40])
    assert store.get(3) is None
    assert store.get(4) is None


def test_the_key_follows_everything_that_moves_the_draws(scenario):
    base = run_key(scenario, 64, 1)
    assert run_key(scenario, 64, 1) == base
    moved = eqx.tree_at(lambda s: s.deal.terms.royalty.per_unit, scenario, np.asarray(1.0))
    others = {run_key(scenario, 65, 1), run_key(scenario, 64, 2), run_key(moved, 64, 1)}
    elsewhere = fr.read_scenario("nissan-fisker", ["plant.chosen=smyrna"])
    others.add(run_key(elsewhere, 64, 1))
    assert len(others | {base}) == 5


def test_an_interrupted_run_keeps_draws_and_a_finished_one_does_not(
    scenario, study, tmp_path, monkeypatch
):
    place = tmp_path / "out"

    def stop(*_, store, **__):
        store.put(0, [np.zeros(1)])
        raise Stopped

    monkeypatch.setattr(save_module, "study", stop)
    with pytest.raises(Stopped):
        run_scenario(scenario, place, draws=64)
    assert [entry.name for entry in place.iterdir()] == [".partial"]
    assert list(place.rglob("*.npz"))
    monkeypatch.setattr(save_module, "study", lambda *_, **__: study)
    _, files = run_scenario(scenario, place, draws=64)
    assert not (place / ".partial").exists()
    assert set(files) == {"report", "summary", "tables", "draws", "manifest"}


def test_a_run_stopped_before_its_first_draw_leaves_nothing(scenario, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise Stopped

    monkeypatch.setattr(save_module, "study", stop)
    with pytest.raises(Stopped):
        run_scenario(scenario, tmp_path / "out", draws=64)
    assert not (tmp_path / "out").exists()
