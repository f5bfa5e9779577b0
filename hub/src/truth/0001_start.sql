-- Single facts: 'roster' (COSE bytes), 'epoch' (16 bytes), 'fork:<device>' (a chain with two branches).
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed files that were re-hashed and published.
CREATE TABLE files (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    sealed_sha256 BLOB NOT NULL UNIQUE CHECK (length(sealed_sha256) = 32),
    size_bytes INTEGER NOT NULL,
    class INTEGER, -- as the sender said
    device BLOB NOT NULL CHECK (length(device) = 32), -- who sent it first
    stored_ms INTEGER NOT NULL,
    verified_ms INTEGER NOT NULL, -- last re-hash
    opened INTEGER NOT NULL, -- 0 not yet, 1 whole, 2 damaged, 3 no key, 4 refused
    folded_in BLOB -- generation of the journal that holds the entries of this run
) STRICT;
CREATE INDEX files_device_index ON files (device);
CREATE INDEX files_verified_ms_index ON files (verified_ms);

CREATE TABLE receipts (
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    hub_seq INTEGER NOT NULL CHECK (hub_seq > 0),
    receipt BLOB NOT NULL CHECK (length(receipt) = 32),
    cose BLOB NOT NULL, -- as signed
    PRIMARY KEY (epoch, hub_seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER receipts_are_never_deleted BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never deleted'); END;

-- What a receipt speaks of: the name of a file, or the id of a chain.
CREATE TABLE receipt_lines (
    about BLOB NOT NULL CHECK (length(about) = 32),
    epoch BLOB NOT NULL,
    hub_seq INTEGER NOT NULL,
    PRIMARY KEY (about, epoch, hub_seq)
) STRICT, WITHOUT ROWID;

-- Which devices a receipt is for: those that sent its files first, and those whose chains it speaks of.
CREATE TABLE receipt_readers (
    device BLOB NOT NULL CHECK (length(device) = 32),
    epoch BLOB NOT NULL,
    hub_seq INTEGER NOT NULL,
    PRIMARY KEY (device, epoch, hub_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 32),
    spki BLOB NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that wish to join, a bounded number.
CREATE TABLE enrolments (
    device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 32),
    spki BLOB NOT NULL,
    name TEXT NOT NULL, -- as its owner typed it
    commitment BLOB NOT NULL CHECK (length(commitment) = 32), -- SHA-256 of the device's nonce
    hub_nonce BLOB NOT NULL CHECK (length(hub_nonce) = 32), -- drawn after the commitment came
    digits TEXT, -- once the device has shown its nonce
    since_ms INTEGER NOT NULL -- of the commitment, then of the digits
) STRICT, WITHOUT ROWID;

-- Of members; those of strangers are in memory only.
CREATE TABLE tokens (
    token_sha256 BLOB NOT NULL PRIMARY KEY,
    device BLOB NOT NULL,
    issued_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_device_index ON tokens (device, issued_ms);

CREATE TABLE audit (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,
    about BLOB NOT NULL
) STRICT;
