"""Owns the one spelling of values: deterministic CBOR, narrowed as in §1, and shapes of maps."""

import hashlib
import io

import cbor2

from .findings import Wrong

MAX_LEVELS = 16
MAX_UINT = 2**64 - 1
MIN_INT = -(2**63)


class NotCanonical(Wrong):
    """Bytes that are not a value in its one spelling."""


def sha256(data):
    return hashlib.sha256(data).digest()


def encode(value):
    return cbor2.dumps(value, canonical=True)


def decode(data):
    """The one value that the bytes are."""
    value, end = decode_at(data, 0)
    if end != len(data):
        raise NotCanonical(f"{len(data) - end} bytes behind the value")
    return value


def decode_at(data, start):
    """The value that begins at start, and where it ends."""
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except (RecursionError, MemoryError) as fault:
        raise NotCanonical("nested too deep or too large") from fault
    except Exception as fault:
        raise NotCanonical(f"no CBOR: {fault}") from fault
    _check(value, 1)
    # Encoding is deterministic: another spelling of the same value does not come out the same.
    spelled = encode(value)
    if not data.startswith(spelled, start):
        raise NotCanonical("not in deterministic encoding")
    return value, start + len(spelled)


def _check(value, level):
    if level > MAX_LEVELS:
        raise NotCanonical(f"nested deeper than {MAX_LEVELS}")
    if value is None or type(value) in (bytes, str):
        return
    if type(value) is int:
        if not MIN_INT <= value <= MAX_UINT:
            raise NotCanonical("an integer out of range")
    elif type(value) is list:
        for item in value:
            _check(item, level + 1)
    elif type(value) is dict:
        for key, item in value.items():
            if not is_uint(key) or key > MAX_UINT:
                raise NotCanonical("a key that is not an unsigned integer")
            _check(item, level + 1)
    else:
        raise NotCanonical(f"a value of a type that is not used ({type(value).__name__})")


def is_int(value):
    return type(value) is int


def is_uint(value):
    return type(value) is int and value >= 0


def is_text(value):
    return type(value) is str


def is_bytes(value):
    return type(value) is bytes


def is_map(value):
    return type(value) is dict


def is_hash(value):
    return type(value) is bytes and len(value) == 32


def is_id16(value):
    return type(value) is bytes and len(value) == 16


def list_of(check):
    return lambda value: type(value) is list and all(check(item) for item in value)


def one(number):
    return lambda value: type(value) is int and value == number


def shaped(always, optional=None):
    return lambda value: type(value) is dict and shape_fault(value, always, optional) is None


def shape_fault(value, always, optional=None):
    """Which key is missing or of another type; None if all is well. Other keys are skipped."""
    if type(value) is not dict:
        return "is not a map"
    for key, check in always.items():
        if key not in value:
            return f"key {key} is missing"
        if not check(value[key]):
            return f"key {key} is of another type or value"
    for key, check in (optional or {}).items():
        if key in value and not check(value[key]):
            return f"key {key} is of another type or value"
    return None


def demand(what, value, always, optional=None):
    fault = shape_fault(value, always, optional)
    if fault:
        raise Wrong(f"{what}: {fault}")
    return value
