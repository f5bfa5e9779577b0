"""Owns receipts (§8): what one must be, their order, which of them count, and what hubs hold."""

from dataclasses import dataclass, field

from . import cose
from .encoding import (
    decode,
    decode_at,
    demand,
    is_hash,
    is_id16,
    is_int,
    is_uint,
    list_of,
    one,
    sha256,
    shaped,
)
from .findings import Wrong

MAX_LINES = 500
NO_RECEIPT = bytes(32)
HELD, CHAIN, VOID = range(3)
BEFORE = shaped({0: is_id16, 1: is_uint, 2: is_hash})
RECEIPT = {
    0: one(1),
    1: is_hash,
    2: is_hash,
    3: is_id16,
    4: is_uint,
    5: is_hash,
    6: list_of(lambda line: type(line) is list and len(line) > 0 and is_uint(line[0])),
    7: is_int,
    8: lambda value: value is None or BEFORE(value),
}
LINE_SHAPES = {
    HELD: ((is_hash, is_uint), (is_hash, is_uint, is_hash)),
    CHAIN: ((is_hash, is_uint, is_hash),),
    VOID: ((is_hash, is_uint), (is_hash, is_uint, is_hash)),
}


@dataclass(frozen=True)
class Receipt:
    """One receipt that verified."""

    id: bytes
    content: dict = field(hash=False)
    place: str = field(compare=False)

    epoch = property(lambda self: self.content[3])
    number = property(lambda self: self.content[4])
    prev = property(lambda self: self.content[5])
    lines = property(lambda self: self.content[6])
    time = property(lambda self: self.content[7])
    before = property(lambda self: self.content[8])


def read_file(data, place, org, hub, epoch, spki, findings):
    """The receipts of one file that verify and are of its epoch, each once; and all their ids."""
    receipts, order, start, number = {}, [], 0, 0
    while start < len(data):
        number += 1
        item = f"{place} item {number}"
        try:
            value, end = decode_at(data, start)
        except Wrong as fault:
            findings.add(place, f"the file ends at byte {start}, where no item decodes: {fault}")
            break
        start = end
        receipt = findings.catch(item, _read, value, item, org, hub, epoch, spki)
        if receipt:
            receipts.setdefault(receipt.id, receipt)
            order.append(receipt)
    return list(receipts.values()), order


def _read(value, place, org, hub, epoch, spki):
    signed = cose.from_value(value, "receipt")
    if signed.kid != hub:
        raise Wrong("it is signed by another hub than the folder's")
    if spki is None:
        raise Wrong("no roster names this hub, so that its signature cannot be checked")
    if not cose.is_ed25519(spki):
        raise Wrong("the hub's key is not Ed25519")
    cose.verify(signed, spki, org)
    content = demand("receipt", decode(signed.payload), RECEIPT)
    if content[1] != org or content[2] != hub:
        raise Wrong("it is of another organisation or hub")
    if content[3] != epoch:
        raise Wrong("it is of another epoch than its file")
    _check_lines(content[6])
    return Receipt(sha256(signed.payload), content, place)


def _check_lines(lines):
    if len(lines) > MAX_LINES:
        raise Wrong(f"it has {len(lines)} lines")
    files = set()
    for line in lines:
        shapes = LINE_SHAPES.get(line[0])
        if shapes is None:
            continue
        if not any(_has_shape(line[1:], shape) for shape in shapes):
            raise Wrong(f"a line of type {line[0]} has another shape")
        if line[0] in (HELD, VOID):
            if line[1] in files:
                raise Wrong(f"two of its lines are about file {line[1].hex()}")
            files.add(line[1])


def _has_shape(items, shape):
    return len(items) == len(shape) and all(
        check(item) for check, item in zip(shape, items, strict=True)
    )


def check_rows(receipts, order, place, is_hub, findings):
    """Numbers, prev and before within one epoch."""
    by_number = {}
    for receipt in receipts:
        by_number.setdefault(receipt.number, []).append(receipt)
    for number, same in sorted(by_number.items()):
        if len(same) > 1:
            findings.add(place, f"the hub signed receipt {number} more than once")
        for receipt in same:
            _check_prev(receipt, by_number.get(number - 1, []), findings)
    if len({_before_key(receipt.before) for receipt in receipts}) > 1:
        findings.add(place, "its receipts name different ends of the epoch before")
    if is_hub:
        _check_gapless(order, place, findings)


def _before_key(before):
    return before and tuple(before[key] for key in range(3))


def _check_prev(receipt, earlier, findings):
    if receipt.number == 1:
        if receipt.prev != NO_RECEIPT:
            findings.add(receipt.place, "the first receipt of its epoch names one before it")
    elif earlier and receipt.prev not in {other.id for other in earlier}:
        findings.add(receipt.place, "it does not name the receipt before it")


def _check_gapless(order, place, findings):
    """A hub's own file holds all receipts of the epoch, in order, each once."""
    for wanted, receipt in enumerate(order, 1):
        if receipt.number != wanted:
            findings.add(place, f"receipt {wanted} should stand where {receipt.number} stands")
            return


class Hub:
    """All receipts of one hub, and which of them count."""

    def __init__(self, hub, last_good):
        self.id = hub
        self.last_good = last_good
        self.epochs = {}

    def add(self, epoch, receipts):
        self.epochs[epoch] = receipts

    def counting(self, findings):
        """The receipts that count, in their order."""
        row, limit, limit_id = [], None, None
        if self.last_good:
            epoch, limit, limit_id = (self.last_good[key] for key in range(3))
        else:
            epoch = self._present(findings)
        seen = set()
        while epoch is not None and epoch not in seen:
            seen.add(epoch)
            row.append(self._upto(epoch, limit, limit_id, findings))
            before = _before_of(self.epochs.get(epoch, []))
            epoch, limit, limit_id = [before[key] for key in range(3)] if before else [None] * 3
        return [receipt for part in reversed(row) for receipt in part]

    def missing(self):
        """(epoch, before) wherever the receipt that an epoch names as its past is not here."""
        ids = {receipt.id for found in self.epochs.values() for receipt in found}
        for epoch, found in sorted(self.epochs.items()):
            before = _before_of(found)
            if before and before[2] not in ids:
                yield epoch, before

    def _present(self, findings):
        """Of the epochs that no other names as the one before, that of the latest time."""
        befores = {epoch: _before_of(receipts) for epoch, receipts in self.epochs.items()}
        named = {before[0] for epoch, before in befores.items() if before and before[0] != epoch}
        ends = {
            epoch: max(receipt.time for receipt in receipts)
            for epoch, receipts in self.epochs.items()
            if receipts and epoch not in named
        }
        if not ends:
            if any(self.epochs.values()):
                findings.add(f"receipts/{self.id.hex()}", "its epochs name each other in a ring")
            return None
        return max(ends, key=lambda epoch: (ends[epoch], epoch))

    def _upto(self, epoch, limit, limit_id, findings):
        good = []
        for receipt in self.epochs.get(epoch, []):
            if limit is not None and receipt.number > limit:
                continue
            if receipt.number == limit and receipt.id != limit_id:
                findings.add(receipt.place, "another receipt is named as the last of its epoch")
                continue
            good.append(receipt)
        # The void is the last of two lines that have one place in the order.
        return sorted(good, key=lambda receipt: receipt.number)


def _before_of(receipts):
    """What an epoch names as the one before: the word of its first receipt that is here."""
    if not receipts:
        return None
    return min(receipts, key=lambda receipt: (receipt.number, receipt.id)).before


def last_words(counting):
    """By file, the last line about it, with the receipt's place."""
    words, numbers = {}, {}
    for receipt in counting:
        place = (receipt.epoch, receipt.number)
        for line in receipt.lines:
            if line[0] not in (HELD, VOID):
                continue
            tie = numbers.get(line[1]) == place
            if not (tie and words[line[1]][0] == VOID):
                words[line[1]], numbers[line[1]] = line, place
    return words
