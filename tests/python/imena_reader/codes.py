"""Owns canonical codes (§2): their grammar, check characters, identity and derived subjects."""

import re

from .encoding import encode, sha256

GRAVE, REMAINS = 2, 4
_PLACE = r"[0-9A-Z]{2}[0-9A-Y]{0,3}"
_LETTER = r"[A-HJ-NP-Y]"
_PROVISIONAL = r"Z[0-9A-HJKMNP-TV-Z]{6}"
_ISSUER = rf"(?:{_LETTER}[0-9]{{2,4}}|{_PROVISIONAL})"
_WIDE = rf"(?:{_LETTER}[0-9]{{4}}|{_PROVISIONAL})"
_NUMBER_4 = r"(?!0000)[0-9]{4}"
_NUMBER_5 = r"[1-9][0-9]{4}"
_REMAINS = rf"{_PLACE}-(?:{_ISSUER}-{_NUMBER_4}|{_WIDE}-{_NUMBER_5})"
_GRAVE = rf"{_PLACE}-{_ISSUER}-G(?:(?!000)[0-9]{{3}}|[1-9][0-9]{{3}})"
_FORMS = {
    GRAVE: re.compile(rf"({_GRAVE})-([0-9A-Z]{{2}})"),
    REMAINS: re.compile(rf"({_REMAINS})-([0-9A-Z]{{2}})"),
}


def check_fits(identity, check):
    """ISO 7064 MOD 1271-36 over the letters and digits, the check characters included."""
    total = 0
    for character in identity.replace("-", "") + check:
        total = (total * 36 + int(character, 36)) % 1271
    return total == 1


def identity_of(kind, code):
    """The identity of a canonical code of this kind, or None if it is not one."""
    form = _FORMS[kind].fullmatch(code)
    if not form or not check_fits(form[1], form[2]):
        return None
    return form[1]


def derived_subject(org, kind, *parts):
    """The UUIDv8 that these parts give."""
    raw = bytearray(sha256(encode(["imena", org, kind, *parts]))[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)
