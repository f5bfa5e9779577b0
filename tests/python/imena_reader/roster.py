"""Owns rosters (§7): what one must be, who signs it, and how one follows another."""

from dataclasses import dataclass, field

from . import cose
from .encoding import (
    decode,
    demand,
    is_bytes,
    is_hash,
    is_id16,
    is_int,
    is_map,
    is_text,
    is_uint,
    list_of,
    one,
    sha256,
    shaped,
)
from .findings import Wrong

LOST, REVOKED = 2, 3
HUB_LAST_GOOD = shaped({0: is_id16, 1: is_uint, 2: is_hash})
DEVICE_LAST_GOOD = shaped({0: is_uint, 1: is_hash})
RECIPIENT = shaped({0: is_uint, 1: is_text, 2: is_uint})
HUB = shaped(
    {0: is_hash, 1: is_bytes, 2: list_of(is_hash), 3: list_of(is_text), 4: is_text, 5: is_uint},
    {6: HUB_LAST_GOOD},
)
AUTHORITY = shaped({0: is_hash, 1: is_bytes, 2: is_text, 3: is_uint})
ISSUER = shaped({0: is_text, 2: is_text}, {1: is_hash})
DEVICE = shaped(
    {0: is_hash, 1: is_bytes, 2: is_text, 3: is_text, 4: is_uint}, {5: DEVICE_LAST_GOOD}
)
RIGHT = shaped({0: is_id16, 1: is_text, 2: is_text, 3: is_hash})
ROSTER = {
    0: one(1),
    1: is_hash,
    2: lambda value: is_uint(value) and value > 0,
    3: is_bytes,
    4: list_of(RECIPIENT),
    5: list_of(HUB),
    6: list_of(AUTHORITY),
    7: list_of(ISSUER),
    8: list_of(DEVICE),
    10: shaped({0: is_uint, 1: is_uint, 2: lambda value: is_uint(value) and value < 2}),
    11: is_uint,
    12: is_int,
    13: list_of(is_bytes),
    14: list_of(RIGHT),
}
HUBS, AUTHORITIES, ISSUERS, DEVICES = 5, 6, 7, 8


@dataclass(frozen=True)
class Roster:
    """One roster whose signature and content hold by themselves."""

    org: bytes
    version: int
    id: bytes
    content: dict
    hubs: dict = field(default_factory=dict)
    authorities: dict = field(default_factory=dict)
    devices: dict = field(default_factory=dict)


def read(data):
    """Verifies one roster, as signed, by itself."""
    signed = cose.take_apart(data, "roster")
    content = demand("roster", decode(signed.payload), ROSTER, {15: is_hash})
    org = content[1]
    if sha256(content[3]) != org:
        raise Wrong("the first signing key is not the organisation's id")
    if (content[2] == 1) == (15 in content):
        raise Wrong("key 15 stands in every version but the first")
    _check_signature(signed, content, org)
    _check_lines(content)
    return Roster(
        org,
        content[2],
        sha256(data),
        content,
        *({line[0]: line for line in content[key]} for key in (HUBS, AUTHORITIES, DEVICES)),
    )


def _check_signature(signed, content, org):
    """The key is the last that the successions name; each is signed by the key before it."""
    spki = content[3]
    if not cose.is_ed25519(spki):
        raise Wrong("the organisation's key is not Ed25519")
    for number, data in enumerate(content[13], 1):
        spki = _succeed(data, number, spki, org)
    if signed.kid != sha256(spki):
        raise Wrong("it is not signed by the organisation's last key")
    cose.verify(signed, spki, org)


def _succeed(data, number, spki, org):
    what = f"succession {number}"
    signed = cose.take_apart(data, "succession")
    wanted = {0: one(1), 1: is_hash, 2: is_uint, 3: is_bytes}
    content = demand(what, decode(signed.payload), wanted)
    if content[1] != org or content[2] != number:
        raise Wrong(f"{what} is of another organisation or number")
    if signed.kid != sha256(spki):
        raise Wrong(f"{what} is not signed by the key before it")
    cose.verify(signed, spki, org)
    if not cose.is_ed25519(content[3]):
        raise Wrong(f"{what} names a key that is not Ed25519")
    return content[3]


def _check_lines(content):
    for key, name, fits in (
        (HUBS, "hub", cose.is_ed25519),
        (AUTHORITIES, "authority", cose.is_ed25519),
        (DEVICES, "device", cose.is_p256),
    ):
        for line in content[key]:
            if sha256(line[1]) != line[0] or not fits(line[1]):
                raise Wrong(f"the key of {name} {line[0].hex()} does not fit its id")
    for key in (4, HUBS, AUTHORITIES, ISSUERS, DEVICES):
        ids = [line[0] for line in content[key]]
        if len(set(ids)) != len(ids):
            raise Wrong(f"an id, issuer or epoch under key {key} stands twice")
    for key, state, last_good in ((HUBS, 5, 6), (DEVICES, 4, 5)):
        for line in content[key]:
            _check_last_good(line, line[state], last_good in line)


def _check_last_good(line, state, stands):
    if state in (LOST, REVOKED) and not stands:
        raise Wrong(f"{line[0].hex()} is lost or revoked without its last_good")


def check_successor(before, after):
    """Raises unless a roster may follow the one at hand."""
    if after.org != before.org:
        raise Wrong("it is of another organisation than the roster before it")
    if after.version == before.version:
        if after.id != before.id:
            raise Wrong(f"alarm: two rosters of version {after.version}; the first one stays")
    elif after.version < before.version:
        raise Wrong("it is of a lower version than the one at hand")
    elif after.version == before.version + 1 and after.content[15] != before.id:
        raise Wrong("it does not name the roster before it")
    _check_growth(before.content, after.content)


def _check_growth(before, after):
    for key, name, same in (
        (4, "recipient", lambda line: (line[0], line[1])),
        (HUBS, "hub", lambda line: line[0]),
        (AUTHORITIES, "authority", lambda line: line[0]),
        (ISSUERS, "issuer", lambda line: (line[0], line.get(1))),
        (DEVICES, "device", lambda line: line[0]),
    ):
        kept = {same(line) for line in after[key]}
        for line in before[key]:
            if same(line) not in kept:
                raise Wrong(f"it drops {name} {_named(line[0])}")
    if after[13][: len(before[13])] != before[13]:
        raise Wrong("it drops a succession")


def _named(value):
    return value.hex() if is_bytes(value) else value


def last_good_of_device(roster, device):
    line = roster.devices.get(device, {}) if roster else {}
    return line.get(5) if is_map(line) else None


def last_good_of_hub(roster, hub):
    line = roster.hubs.get(hub, {}) if roster else {}
    return line.get(6) if is_map(line) else None
