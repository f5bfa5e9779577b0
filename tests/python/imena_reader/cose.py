"""Owns signatures: COSE_Sign1 as §3 narrows it, and the keys that they are checked with."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .encoding import decode, encode, is_bytes
from .findings import Wrong

ES256, EDDSA = -7, -8


@dataclass(frozen=True)
class Signed:
    """A COSE_Sign1 taken apart, not yet verified."""

    alg: int
    kid: bytes
    protected: bytes
    payload: bytes
    signature: bytes


def take_apart(data, what):
    """Reads the bytes of one COSE_Sign1 whose content type is that of `what`."""
    return from_value(decode(data), what)


def from_value(value, what):
    if type(value) is not list or len(value) != 4 or value[1] != {}:
        raise Wrong(f"{what}: not a COSE_Sign1 of these formats")
    protected, _, payload, signature = value
    if not (is_bytes(protected) and is_bytes(payload) and is_bytes(signature)):
        raise Wrong(f"{what}: not a COSE_Sign1 of these formats")
    head = decode(protected)
    if type(head) is not dict or sorted(head) != [1, 3, 4]:
        raise Wrong(f"{what}: the protected header has not the three keys")
    if head[3] != f"application/imena-{what}; v=1":
        raise Wrong(f"{what}: the content type is {head[3]!r}")
    if not is_bytes(head[4]) or len(head[4]) != 32:
        raise Wrong(f"{what}: kid is not an id")
    return Signed(head[1], head[4], protected, payload, signature)


def load_key(spki):
    """The public key of a SubjectPublicKeyInfo: P-256 or Ed25519."""
    try:
        key = load_der_public_key(spki)
    except Exception as fault:
        raise Wrong("a key that is no SubjectPublicKeyInfo") from fault
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise Wrong("a key that is neither P-256 nor Ed25519")


def is_ed25519(spki):
    return isinstance(load_key(spki), ed25519.Ed25519PublicKey)


def is_p256(spki):
    return isinstance(load_key(spki), ec.EllipticCurvePublicKey)


def verify(signed, spki, org):
    """Raises unless the key made this signature under the organisation."""
    key = load_key(spki)
    message = encode(["Signature1", signed.protected, org, signed.payload])
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            _expect_alg(signed, EDDSA)
            key.verify(signed.signature, message)
        else:
            _expect_alg(signed, ES256)
            key.verify(_der_signature(signed.signature), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as fault:
        raise Wrong("the signature does not fit") from fault


def _expect_alg(signed, alg):
    if signed.alg != alg:
        raise Wrong(f"the algorithm is {signed.alg}, not {alg}")


def _der_signature(raw):
    if len(raw) != 64:
        raise Wrong("the signature has not 64 bytes")
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
