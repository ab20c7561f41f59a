"""Arrays of other libraries as tensors of libstrand, where they are.

numpy arrays by their address, everything else by `__dlpack__`; what has neither becomes a numpy array first.
"""
import ctypes as c
import functools

import numpy as np

from ._library import ArgumentError, Device, Element, ManagedTensor, Tensor, VersionedTensor

CPU = 1
_NAMES = {(0, 8): "int8", (0, 16): "int16", (0, 32): "int32", (0, 64): "int64", (1, 8): "uint8", (2, 16): "float16",
          (2, 32): "float32", (2, 64): "float64", (4, 16): "bfloat16", (6, 8): "bool"}
_KEYS = {name: key for key, name in _NAMES.items()}

_pointer = c.pythonapi.PyCapsule_GetPointer
_pointer.argtypes, _pointer.restype = [c.py_object, c.c_char_p], c.c_void_p
_is_valid = c.pythonapi.PyCapsule_IsValid
_is_valid.argtypes, _is_valid.restype = [c.py_object, c.c_char_p], c.c_int


def numpy_dtype(element):
    """The numpy dtype of an element type; bfloat16 needs ml_dtypes."""
    name = _NAMES[element.key()]
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise ArgumentError("numpy has no bfloat16; install ml_dtypes, or pass torch tensors") from None
    return np.dtype(ml_dtypes.bfloat16)


@functools.cache
def _element_of(dtype):
    if dtype.name not in _KEYS or not dtype.isnative:
        raise ArgumentError(f"arrays of {dtype} cannot be passed")
    return Element(*_KEYS[dtype.name], 1)


def _of_numpy(a, writes=False):
    if writes and not a.flags.writeable:
        raise ArgumentError("an array for outputs is read-only")
    shape = (c.c_int64 * a.ndim)(*a.shape)
    strides = None if a.flags.c_contiguous else (c.c_int64 * a.ndim)(*(s // a.itemsize for s in a.strides))
    address = a.__array_interface__["data"][0]
    return Tensor(address, Device(CPU, 0), a.ndim, _element_of(a.dtype), shape, strides, 0), (a, shape, strides)


def _of_capsule(x, writes=False):
    try:
        capsule = x.__dlpack__(max_version=(1, 0))
    except TypeError:  # from before DLPack 1.0
        capsule = x.__dlpack__()
    if _is_valid(capsule, b"dltensor_versioned"):
        managed = VersionedTensor.from_address(_pointer(capsule, b"dltensor_versioned"))
        if writes and managed.flags & 1:
            raise ArgumentError("a tensor for outputs is read-only")
    else:
        managed = ManagedTensor.from_address(_pointer(capsule, b"dltensor"))
    return managed.tensor, (x, capsule)


def view(x, element=None, writes=False):
    """(tensor, what must live as long as it). `element`: what lists and numbers become."""
    if writes and (library_of(x) == "jax" or not hasattr(x, "__dlpack__")):
        raise ArgumentError(f"{type(x).__name__} cannot be written to; outputs are arrays of numpy or torch")
    if isinstance(x, np.ndarray):
        return _of_numpy(x, writes)
    if hasattr(x, "__dlpack__"):
        if hasattr(x, "__dlpack_device__") and int(x.__dlpack_device__()[0]) not in (CPU, 3):
            raise ArgumentError(f"the tensor is on {getattr(x, 'device', 'another device')}; libstrand computes on the "
                                "CPU, so copy it there")
        try:
            return _of_capsule(x, writes)
        except BufferError as e:  # a tensor that wants gradients, for one
            raise ArgumentError(str(e)) from None
    return _of_numpy(np.asarray(x, None if element is None else numpy_dtype(element)))


def shape_of(x):
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def library_of(x):
    """The name of the library that made `x`: "torch", "jax" or "numpy" for all others."""
    name = type(x).__module__.split(".")[0]
    return "torch" if name == "torch" else "jax" if name in ("jax", "jaxlib") else "numpy"


def empty(library, shape, element):
    """An array to be written, of torch or numpy."""
    if library == "torch":
        import torch
        return torch.empty(shape, dtype=getattr(torch, _NAMES[element.key()]))
    return np.empty(shape, numpy_dtype(element))


def as_library(library, array):
    if library == "jax":
        import jax.numpy as jnp
        return jnp.from_dlpack(array) if array.dtype.kind in "fi" else jnp.asarray(array)
    return array


def integers(x):
    """A ctypes array of i32 from integers of any kind."""
    values = np.asarray(x if isinstance(x, (list, tuple, np.ndarray)) or not hasattr(x, "__dlpack__")
                        else np.from_dlpack(x))
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise ArgumentError(f"a list of integers is needed, not {values.dtype} of shape {values.shape}")
    if values.size and (values.min() < -2**31 or values.max() >= 2**31):
        raise ArgumentError("an integer does not fit in 32 bits")
    return (c.c_int32 * values.size)(*values.tolist())
