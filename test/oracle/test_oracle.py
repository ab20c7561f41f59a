"""What the oracles promise beyond agreeing with the references: `python3 -m unittest test_oracle`."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from strand_oracle import FAMILIES, load
from strand_oracle.config import read_config
from strand_oracle.random_checkpoint import write_random
from strand_oracle.safetensors_io import f32_to_bf16, read_file, read_folder, round_to_bf16, write_file

SEEDS = range(6)
LENGTH = 70


class Oracle(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def models(self):
        """Every family with every seed: (label, folder, model, ids)."""
        for family in FAMILIES:
            for seed in SEEDS:
                folder = self.scratch / f"{family}-{seed}"
                write_random(family, seed, folder)
                model = load(folder)
                yield folder.name, folder, model, np.random.default_rng(seed).integers(0, model.vocab, LENGTH)

    def test_pieces_give_what_the_whole_gives(self):
        for label, _, model, ids in self.models():
            with self.subTest(label):
                whole, state, parts, begin = model.forward(ids), model.init_state(), [], 0
                for size in (1, 2, 30, 1, LENGTH):
                    part, state = model.forward(ids[begin:begin + size], state)
                    parts.append(part)
                    begin += size
                np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=1e-9)

    def test_rows_of_a_batch_do_not_mix(self):
        for label, _, model, ids in self.models():
            with self.subTest(label):
                both = model.forward(np.stack([ids, ids[::-1]]))
                np.testing.assert_allclose(both[1], model.forward(ids[::-1]), rtol=0, atol=1e-9)

    def test_a_later_token_moves_nothing_before_it(self):
        for label, _, model, ids in self.models():
            with self.subTest(label):
                other = ids.copy()
                other[40] = (other[40] + 1) % model.vocab
                before, after = model.forward(ids), model.forward(other)
                np.testing.assert_allclose(after[:40], before[:40], rtol=0, atol=1e-9)
                self.assertGreater(np.abs(after[40] - before[40]).max(), 1e-3)

    def test_an_unknown_key_is_named(self):
        for label, folder, model, _ in self.models():
            with self.subTest(label):
                config = {**read_config(folder), "surprise": 1}
                with self.assertRaisesRegex(ValueError, "surprise"):
                    type(model)(config, read_folder(folder))

    def test_a_missing_and_a_foreign_weight_are_named(self):
        for label, folder, model, _ in self.models():
            with self.subTest(label):
                weights = read_folder(folder)
                name = min(weights, key=lambda name: ("norm" not in name, name))
                fewer = {key: value for key, value in weights.items() if key != name}
                with self.assertRaisesRegex(ValueError, name):
                    type(model)(read_config(folder), fewer)
                with self.assertRaisesRegex(ValueError, "stranger"):
                    type(model)(read_config(folder), {**weights, "stranger": np.zeros(1)})

    def test_a_seed_decides_every_byte(self):
        for name in ("first", "second"):
            write_random("gla", 11, self.scratch / name)
        first, second = (sorted((self.scratch / name).iterdir()) for name in ("first", "second"))
        self.assertEqual([path.name for path in first], [path.name for path in second])
        for one, other in zip(first, second):
            self.assertEqual(one.read_bytes(), other.read_bytes())


class SafeTensors(unittest.TestCase):
    def test_bfloat16_rounds_to_nearest_even(self):
        # 1 + 2^-8 lies between 1 and 1 + 2^-7 and goes to the even 1; 3 * 2^-8 goes up.
        self.assertEqual(list(round_to_bf16(np.array([1 + 2**-8, 1 + 3 * 2**-8, -2.5]))),
                         [1, 1 + 2**-6, -2.5])
        self.assertEqual(f32_to_bf16(np.array([1.0])), [0x3F80])

    def test_a_file_reads_back(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "t.safetensors"
            tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(3, dtype=np.int64)}
            write_file(path, tensors, bf16={"a"})
            back = read_file(path)
            for name, array in tensors.items():
                np.testing.assert_array_equal(back[name], array)

    def test_a_short_file_is_refused(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "t.safetensors"
            write_file(path, {"a": np.ones(4, np.float32)})
            path.write_bytes(path.read_bytes()[:-1])
            with self.assertRaisesRegex(ValueError, "a has offsets"):
                read_file(path)


if __name__ == "__main__":
    unittest.main()
