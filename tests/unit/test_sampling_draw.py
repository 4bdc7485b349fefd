"""The draw is a rule that anybody can follow with SHA-256."""

import hashlib
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Malformed
from hub.sampling.draw import draw

ROOT = hashlib.sha256(b"root").digest()


def by_hand(root, seed, population, count):
    """As README.txt of a pack describes it."""
    drawn, counter = [], 0
    while len(drawn) < min(count, population):
        words = "part2hub/sample/v1\n" + root.hex() + "\n" + seed + "\n" + str(counter) + "\n"
        r = int(hashlib.sha256(words.encode()).hexdigest(), 16)
        if r < population * (2**256 // population) and r % population not in drawn:
            drawn.append(r % population)
        counter += 1
    return drawn


@given(st.integers(1, 300), st.integers(0, 40), st.integers(0, 10**6).map(str))
def test_a_sample_is_the_one_that_the_written_rule_draws(population, count, seed):
    assert draw(ROOT, seed, population, count) == by_hand(ROOT, seed, population, count)


def test_a_sample_of_more_than_there_is_holds_everything_once():
    assert sorted(draw(ROOT, "s", 7, 100)) == list(range(7))
    assert draw(ROOT, "s", 0, 5) == []


def test_another_seed_or_another_root_draws_another_sample():
    samples = [draw(root, seed, 10**9, 5) for root in (ROOT, bytes(32)) for seed in ("a", "b")]
    assert len({json.dumps(sample) for sample in samples}) == 4
    assert draw(ROOT, "a", 10**9, 3) == draw(ROOT, "a", 10**9, 5)[:3], "a larger sample begins with the smaller one"


def test_every_index_comes_up_equally_often():
    counts = Counter(draw(ROOT, str(seed), 10, 1)[0] for seed in range(5_000))
    chi = sum((counts[n] - 500) ** 2 / 500 for n in range(10))
    assert chi < 27.9  # the bound that chance passes once in a thousand, for nine degrees of freedom; fixed seeds


@pytest.mark.parametrize("seed", ["", "two words", "ü", "x" * 101, "line\n"])
def test_a_seed_is_one_visible_word(seed):
    with pytest.raises(Malformed):
        draw(ROOT, seed, 10, 1)
