"""Compiled models and functions, and the states of their sequences."""
import ctypes as c
import json
import os
from dataclasses import dataclass

import numpy as np

from . import _tensors as t
from ._library import CACHE, LAST_ROWS, ArgumentError, Call, Handle, StateError, Tensor, lib, made

_ROWS = 0


@dataclass(frozen=True)
class Value:
    """An input or output: `shape` is that of one row where `rows`, else of the tensor."""
    name: str
    dtype: str
    shape: tuple
    rows: bool


@dataclass(frozen=True)
class Carried:
    """A value that a sequence carries from row to row; a cache has an item a row."""
    name: str
    shape: tuple
    initial: float
    cache: bool


class Context:
    """How code is made and the threads that run it: Context(cpu="x86-64-v3", threads=4, form="chunk").

    The names are those of strandc's options; `threads` are those of a call, as many as there are processors without it.
    """

    def __init__(self, cpu=None, threads=None, opt_level=None, form=None, strict=False):
        given = {"cpu": cpu, "threads": threads, "opt-level": opt_level, "form": form}
        words = [f"--{name}={value}".encode() for name, value in given.items() if value is not None]
        words += [b"--strict"] if strict else []
        self._handle = Handle(made(lib.context_create, (c.c_char_p * len(words))(*words), len(words)), lib.context_free)


def load(source, *, function=None, weights=None, context=None):
    """Compiles a checkpoint folder, a module in a file, or the text of a module.

    `function`: what to compile of a module; without it @forward, or the only public function.
    `weights`: the safetensors file of a module's weights.
    """
    word = lambda text: None if text is None else os.fsencode(text)
    handle = context._handle.pointer if context else None
    if isinstance(source, str) and ("\n" in source or "func.func" in source):
        text = source.encode()
        pointer = made(lib.compile_text, handle, text, len(text), None, word(weights), word(function))
    else:
        pointer = made(lib.compile_file, handle, os.fsencode(source), word(weights), word(function))
    return Model(pointer)


def _ids(ids):
    """(pointer, count) as libstrand takes them; None is all."""
    if ids is None:
        return None, 0
    array = t.integers([ids] if isinstance(ids, (int, np.integer)) else ids)
    return array if len(array) else (c.c_int32 * 1)(), len(array)


class Model:
    """A compiled model or function over rows. Any number of threads may call it at once.

    A call takes its inputs as arrays of numpy, torch, jax or anything with `__dlpack__`, rows first, and gives the
    outputs as arrays of the library of the first input. Rows of several sequences lie one after another with `offsets`
    between them ([0, 3, 5]: three rows, then two), or an input has a dimension for sequences in front of the rows.
    """

    def __init__(self, pointer):
        self._handle = Handle(pointer, lib.model_free)
        schema = lib.model_schema(pointer).contents
        self._inputs = [lib.model_input(pointer, i).contents for i in range(lib.model_inputs(pointer))]
        self._outputs = [lib.model_output(pointer, i).contents for i in range(lib.model_outputs(pointer))]
        self.inputs = [self._value(v) for v in self._inputs]
        self.outputs = [self._value(v) for v in self._outputs]
        self.vocabulary = schema.vocabulary
        self.hash = schema.hash.decode()
        self.family = schema.family.decode()
        self.report = json.loads(schema.report)
        entries = [schema.state[i] for i in range(schema.states)]
        self.states = [Carried(e.name.decode(), tuple(e.shape[:e.rank]), e.initial, e.growth == CACHE) for e in entries]

    @staticmethod
    def _value(v):
        return Value(v.name.decode(), t._NAMES[v.element.key()], tuple(v.shape[:v.rank]), v.kind == _ROWS)

    def state(self, sequences=1):
        """A state of so many sequences at their beginning."""
        return State(self, made(lib.state_create, self._handle.pointer, sequences))

    def load_state(self, source):
        """A state from what State.save gave: bytes, or the path of a file, also one of a program's --state-out."""
        if not isinstance(source, (bytes, bytearray, memoryview)):
            with open(source, "rb") as file:
                source = file.read()
        data = bytes(source)
        return State(self, made(lib.state_load, self._handle.pointer, data, len(data)))

    def __call__(self, *inputs, offsets=None, state=None, ids=None, last=False, out=None):
        """The outputs for all rows, one array or a tuple.

        `state`: sequences go on from there, those with `ids` (default: all), and it is changed; without one they begin
        anew. `last`: outputs for the last row of each sequence alone. `out`: arrays to write to, instead of new ones.
        """
        if len(inputs) != len(self._inputs):
            names = ", ".join(v.name for v in self.inputs)
            raise ArgumentError(f"{len(inputs)} inputs are given; {len(self._inputs)} are needed: {names}")
        views = [self._view(x, v) for x, v in zip(inputs, self._inputs)]
        bounds = None if offsets is None else t.integers(offsets)
        if bounds is not None and not len(bounds):
            raise ArgumentError("offsets are empty; they have one number more than there are sequences")
        library = t.library_of(inputs[0])
        outputs = self._results(views, bounds, library, last) if out is None else \
            list(out) if isinstance(out, (list, tuple)) else [out]
        targets = [t.view(x, writes=True) for x in outputs]
        self._call(views, targets, bounds, state, ids, last)
        if out is None:
            outputs = [t.as_library(library, x) for x in outputs]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _view(self, x, value):
        if self.vocabulary and not isinstance(x, np.ndarray):  # tokens come as lists, text, or i64
            x = np.frombuffer(x, np.uint8) if isinstance(x, (bytes, bytearray)) else x
            x = np.from_dlpack(x) if hasattr(x, "__dlpack__") and t.library_of(x) != "numpy" else np.asarray(x)
        if self.vocabulary and x.dtype != np.int32 and x.dtype.kind in "iu":
            x = np.clip(x, -1, 2**31 - 1).astype(np.int32)  # what does not fit is no token either
        return t.view(x, value.element)

    def _leading(self, views):
        """[rows] or [sequences, rows of each], as the first input of rows has them."""
        first = next(i for i, v in enumerate(self._inputs) if v.kind == _ROWS)
        tensor, rank = views[first][0], self._inputs[first].rank
        return list(tensor.shape[:tensor.rank - rank]) if tensor.rank > rank else [0]

    def _sequences(self, views, bounds):
        leading = self._leading(views)
        return len(bounds) - 1 if bounds is not None else leading[0] if len(leading) == 2 else 1

    def _results(self, views, bounds, library, last):
        leading = [self._sequences(views, bounds)] if last else self._leading(views)
        return [t.empty(library, leading + list(v.shape[:v.rank]), v.element) for v in self._outputs]

    def _call(self, views, targets, bounds, state, ids, last):
        if state is not None and not isinstance(state, State):
            raise ArgumentError(f"state is {type(state).__name__}; a strand.State is needed")
        names, count = _ids(ids)
        sequences = self._sequences(views, bounds)
        if ids is not None and count != sequences:
            raise ArgumentError(f"{count} ids are given for {sequences} sequences")
        pointers = lambda all: (c.POINTER(Tensor) * len(all))(*(c.pointer(v[0]) for v in all))
        call = Call(c.sizeof(Call), None if state is None else state._handle.pointer, names, bounds, sequences,
                    pointers(views), len(views), pointers(targets), len(targets), LAST_ROWS if last else 0)
        lib.model_call(self._handle.pointer, c.byref(call))

    # ---- text ----

    def stream(self, prompt=b"", max_tokens=256, *, temperature=0.0, top_k=0, top_p=1.0, seed=0, state=None):
        """Yields the ids that continue `prompt` (bytes, text or ids), as a compiled program's `generate` makes them.

        `state`: of one sequence, goes on from there; afterwards it has the last token as the one not seen yet, so that
        generating can go on from it, or from its save, here or in a program.
        """
        if not self.vocabulary:
            raise ArgumentError("a function over rows has no tokens to generate")
        state = self.state() if state is None else state
        ids = self._prompt(prompt)
        (sequence,) = state._one()
        if state.pending(sequence) >= 0:
            ids.insert(0, state.pending(sequence))
        if not ids:
            raise ArgumentError("the prompt is empty; give at least one token to continue from")
        for at in range(0, len(ids) - 1, 2048):
            self(np.array(ids[at:min(at + 2048, len(ids) - 1)], np.int32), state=state, last=True)
        logits, token = np.empty((1, self.vocabulary), np.float32), c.c_int32(ids[-1])
        state.set_pending(token.value)
        for _ in range(max_tokens):
            self(np.array([token.value], np.int32), state=state, out=logits)
            lib.sample(logits.ctypes.data, self.vocabulary, state.rows(sequence), temperature, top_k, top_p, seed,
                       c.byref(token))
            state.set_pending(token.value)
            yield token.value

    def generate(self, prompt=b"", max_tokens=256, **how):
        """What `stream` yields at once: bytes where the vocabulary is bytes, else a list of ids."""
        ids = list(self.stream(prompt, max_tokens, **how))
        return bytes(ids) if self.vocabulary == 256 else ids

    def _prompt(self, prompt):
        if isinstance(prompt, str):
            prompt = prompt.encode()
        if isinstance(prompt, (bytes, bytearray)) and self.vocabulary != 256:
            if prompt:
                raise ArgumentError(f"the vocabulary of {self.vocabulary} is not bytes; give the prompt as ids")
        return [int(i) for i in prompt]


class State:
    """What some sequences carry. Each has an id that it keeps until it is removed; `ids=None` means all of them, in
    ascending order. One thread at a time may use a state."""

    def __init__(self, model, pointer):
        self.model = model
        self._handle = Handle(pointer, lib.state_free)

    @staticmethod
    def load(model, source):
        """The same as model.load_state(source)."""
        return model.load_state(source)

    @property
    def ids(self):
        all = (c.c_int32 * len(self))()
        lib.state_ids(self._handle.pointer, all)
        return list(all)

    def __len__(self):
        return lib.state_count(self._handle.pointer)

    def _one(self):
        ids = self.ids
        if len(ids) != 1:
            raise ArgumentError(f"the state has {len(ids)} sequences; one is needed")
        return ids

    def _known(self, id):
        id = self._one()[0] if id is None else id
        if lib.state_rows(self._handle.pointer, id) < 0:
            raise ArgumentError(f"there is no sequence {id} in the state")
        return id

    def rows(self, id=None):
        """How many rows a sequence has seen; without an id, the only one."""
        return lib.state_rows(self._handle.pointer, self._known(id))

    def pending(self, id=None):
        """The token that a sequence has been given but not seen yet, or -1."""
        return lib.state_pending(self._handle.pointer, self._known(id))

    def set_pending(self, token, id=None):
        lib.state_set_pending(self._handle.pointer, self._known(id), token)

    def save(self, path=None, ids=None):
        """The sequences as bytes, tied to the model by its hash; written to `path` if there is one."""
        size = c.c_int64()
        lib.state_save(self._handle.pointer, *_ids(ids), None, 0, c.byref(size))
        data = c.create_string_buffer(size.value)
        lib.state_save(self._handle.pointer, *_ids(ids), data, size.value, c.byref(size))
        if path is not None:
            with open(path, "wb") as file:
                file.write(data.raw)
        return data.raw

    def fork(self, ids=None):
        """A new state with copies of the sequences, whose ids are 0, 1, ..."""
        return State(self.model, made(lib.state_fork, self._handle.pointer, *_ids(ids)))

    def cut(self, ids):
        """Takes sequences out into a new state of their own."""
        taken = self.fork(ids)
        self.remove(ids)
        return taken

    def add(self, count=1):
        """Adds sequences at their beginning; gives their ids."""
        new = (c.c_int32 * max(count, 0))()
        lib.state_add(self._handle.pointer, count, new)
        return list(new)

    def append(self, other, ids=None):
        """Adds copies of sequences of `other`, which may be this state; gives their new ids."""
        new = (c.c_int32 * (len(other) if ids is None else _ids(ids)[1]))()
        lib.state_append(self._handle.pointer, other._handle.pointer, *_ids(ids), new)
        return list(new)

    def remove(self, ids):
        lib.state_remove(self._handle.pointer, *_ids(ids))

    def reset(self, ids=None):
        """Puts sequences back to their beginning."""
        lib.state_reset(self._handle.pointer, *_ids(ids))
