"""libstrand by ctypes: the structs and functions of include/strand/strand.h, and its errors as exceptions.

ctypes releases the GIL for the time of a call, so compilations and calls of several threads run side by side.
"""
import ctypes as c
import os

MAX_RANK = 6
LAST_ROWS = 1
FIXED, CACHE, COUNT = range(3)


class Error(Exception):
    """What libstrand could not do, and why."""


class ArgumentError(Error, ValueError):
    """An argument is wrong; the message has the value and the limit."""


class CompileError(Error):
    """The input cannot be compiled; messages have file:line:col."""


class StateError(Error, ValueError):
    """Bytes are damaged, or the state of another model."""


class OutOfMemory(Error, MemoryError):
    """Memory is short."""


class InternalError(Error):
    """A fault of the compiler."""


_KINDS = {1: ArgumentError, 2: CompileError, 3: StateError, 4: OutOfMemory, 5: InternalError}


class Device(c.Structure):
    _fields_ = [("type", c.c_int32), ("index", c.c_int32)]


class Element(c.Structure):
    _fields_ = [("code", c.c_uint8), ("bits", c.c_uint8), ("lanes", c.c_uint16)]

    def key(self):
        return self.code, self.bits


class Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("device", Device), ("rank", c.c_int32), ("element", Element),
                ("shape", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)), ("byte_offset", c.c_uint64)]


class ManagedTensor(c.Structure):
    _fields_ = [("tensor", Tensor), ("owner", c.c_void_p), ("deleter", c.c_void_p)]


class VersionedTensor(c.Structure):
    _fields_ = [("major", c.c_uint32), ("minor", c.c_uint32), ("owner", c.c_void_p), ("deleter", c.c_void_p),
                ("flags", c.c_uint64), ("tensor", Tensor)]


class Value(c.Structure):
    _fields_ = [("name", c.c_char_p), ("kind", c.c_int32), ("element", Element), ("rank", c.c_int64),
                ("shape", c.c_int64 * MAX_RANK)]


class Entry(c.Structure):
    _fields_ = [("name", c.c_char_p), ("offset", c.c_int64), ("bytes", c.c_int64), ("type", c.c_int32),
                ("growth", c.c_int32), ("initial", c.c_double), ("rank", c.c_int64), ("shape", c.c_int64 * MAX_RANK)]


class Schema(c.Structure):
    _fields_ = [("version", c.c_int64), ("vocabulary", c.c_int64), ("weight_bytes", c.c_int64), ("states", c.c_int64),
                ("weights", c.c_int64), ("last_rows", c.c_int64), ("state", c.POINTER(Entry)),
                ("weight", c.POINTER(Entry)), ("hash", c.c_char_p), ("family", c.c_char_p),
                ("cpu_features", c.c_char_p), ("report", c.c_char_p)]


class Call(c.Structure):
    _fields_ = [("size", c.c_int64), ("state", c.c_void_p), ("ids", c.POINTER(c.c_int32)),
                ("offsets", c.POINTER(c.c_int32)), ("sequences", c.c_int64),
                ("inputs", c.POINTER(c.POINTER(Tensor))), ("input_count", c.c_int64),
                ("outputs", c.POINTER(c.POINTER(Tensor))), ("output_count", c.c_int64), ("flags", c.c_uint32)]


def _find():
    named = os.environ.get("STRAND_LIBRARY")
    path = named or os.path.join(os.path.dirname(os.path.abspath(__file__)), "libstrand.so")
    if not os.path.exists(path):
        raise ImportError(f"there is no {path}; " + ("STRAND_LIBRARY names it" if named else
                          "install the wheel (pip install ./python), or name a built libstrand.so by STRAND_LIBRARY"))
    return path


_P, _I, _L, _S, _D = c.c_void_p, c.c_int32, c.c_int64, c.c_char_p, c.c_double
_IDS, _OUT = c.POINTER(c.c_int32), c.POINTER(c.c_void_p)
_SIGNATURES = {  # name: arguments, result; the result _P is an error
    "context_create": ([c.POINTER(_S), _L, _OUT], _P),
    "compile_file": ([_P, _S, _S, _S, _OUT], _P),
    "compile_text": ([_P, _S, _L, _S, _S, _S, _OUT], _P),
    "model_call": ([_P, c.POINTER(Call)], _P),
    "sample": ([_P, _L, _L, _D, _L, _D, c.c_uint64, c.POINTER(_I)], _P),
    "state_create": ([_P, _L, _OUT], _P),
    "state_set_pending": ([_P, _I, _I], _P),
    "state_add": ([_P, _L, _IDS], _P),
    "state_remove": ([_P, _IDS, _L], _P),
    "state_reset": ([_P, _IDS, _L], _P),
    "state_append": ([_P, _P, _IDS, _L, _IDS], _P),
    "state_fork": ([_P, _IDS, _L, _OUT], _P),
    "state_save": ([_P, _IDS, _L, _P, _L, c.POINTER(_L)], _P),
    "state_load": ([_P, _P, _L, _OUT], _P),
    "version": ([], _S),
    "error_code": ([_P], _I),
    "error_message": ([_P], _S),
    "error_free": ([_P], None),
    "context_free": ([_P], None),
    "model_free": ([_P], None),
    "state_free": ([_P], None),
    "model_schema": ([_P], c.POINTER(Schema)),
    "model_inputs": ([_P], _L),
    "model_outputs": ([_P], _L),
    "model_input": ([_P, _L], c.POINTER(Value)),
    "model_output": ([_P, _L], c.POINTER(Value)),
    "state_count": ([_P], _L),
    "state_ids": ([_P, _IDS], None),
    "state_rows": ([_P, _I], _L),
    "state_pending": ([_P, _I], _I),
}


class Library:
    """The functions without their prefix; those that can fail raise."""

    def __init__(self, path):
        library = c.CDLL(path)
        for name, (arguments, result) in _SIGNATURES.items():
            f = getattr(library, "strand_" + name)
            f.argtypes, f.restype = arguments, result
            setattr(self, name, self._checked(f) if result is _P else f)

    def _checked(self, f):
        def call(*arguments):
            error = f(*arguments)
            if error:
                kind = _KINDS.get(self.error_code(error), Error)
                text = self.error_message(error).decode(errors="replace")
                self.error_free(error)
                raise kind(text)
        return call


lib = Library(_find())


class Handle:
    """Frees what it holds by `release` when nobody refers to it."""

    def __init__(self, pointer, release):
        self.pointer, self._release = pointer, release

    def __del__(self):
        self._release(self.pointer)


def made(function, *arguments):
    """The pointer that `function` gives through its last argument."""
    pointer = c.c_void_p()
    function(*arguments, c.byref(pointer))
    return pointer
