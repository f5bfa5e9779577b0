-- Single facts: 'roster' (COSE bytes; also in rosters/), 'fork:<device>' (a chain with two branches).
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

-- Index of the files in receipts/, which hold the receipts as signed: made anew from them.
CREATE TABLE epochs (
    rank INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of their beginning; the highest is the present one
    epoch BLOB NOT NULL UNIQUE CHECK (length(epoch) = 16),
    before_epoch BLOB, -- the last receipt known of the epoch before
    before_seq INTEGER,
    before_receipt BLOB,
    upto_byte INTEGER NOT NULL DEFAULT 0 -- so far its file is indexed
) STRICT;

-- Epochs of this hub that its folder knows only from receipts that phones showed: they have ended.
CREATE TABLE lost_epochs (epoch BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    row INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of signing, over all epochs
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    hub_seq INTEGER NOT NULL CHECK (hub_seq > 0),
    receipt BLOB NOT NULL CHECK (length(receipt) = 32),
    first_byte INTEGER NOT NULL,
    len_bytes INTEGER NOT NULL,
    is_for_all INTEGER NOT NULL, -- takes a file back, or is the first of a later epoch: every device gets it
    UNIQUE (epoch, hub_seq)
) STRICT;
CREATE INDEX receipts_for_all_index ON receipts (row) WHERE is_for_all;

-- What a receipt speaks of: the name of a file, or the id of a chain.
CREATE TABLE receipt_lines (
    about BLOB NOT NULL CHECK (length(about) = 32),
    row INTEGER NOT NULL,
    is_void INTEGER NOT NULL,
    PRIMARY KEY (about, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_lines_row_index ON receipt_lines (row);

-- Which devices a receipt is for: those that sent its files first, and those whose chains it speaks of.
CREATE TABLE receipt_readers (
    device BLOB NOT NULL CHECK (length(device) = 32),
    row INTEGER NOT NULL,
    PRIMARY KEY (device, row)
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
