-- transfer.db: opened by the hardware key alone, so that a locked phone still sends. Holds nothing readable: hashes, tokens, addresses, counts.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY, -- 'join', 'roster', 'device_name', 'operator', 'guard_seq', 'guard_entry', 'ending_chain', 'tries', 'tries_ms'
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hubs (
    hub BLOB NOT NULL PRIMARY KEY,
    token BLOB,
    token_expires_ms INTEGER NOT NULL DEFAULT 0, -- by the hub's clock
    is_member INTEGER NOT NULL DEFAULT 0,
    former_token BLOB, -- an ended one: it opens the door for the next session, nothing else
    own_nonce BLOB, -- of the enrolment: kept before its hash is sent
    hub_nonce BLOB, -- the answer to that hash, kept before own_nonce is shown
    digits TEXT NOT NULL DEFAULT '', -- once own_nonce was shown
    epoch BLOB,
    cursor BLOB -- opaque, the hub's
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    sealed_sha256 BLOB NOT NULL PRIMARY KEY,
    class INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    added_ms INTEGER NOT NULL, -- this device's clock: only for the order of sending
    is_freed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX files_order_index ON files (class, added_ms, sealed_sha256);

-- Index of receipts/<hub>/<epoch>, which hold the receipts as signed. A hub_seq is 8 bytes, big-endian: a foreign number of any size keeps its order.
CREATE TABLE receipts (
    receipt_id BLOB NOT NULL PRIMARY KEY,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    hub_seq BLOB NOT NULL CHECK (length(hub_seq) = 8),
    hub_time_ms INTEGER NOT NULL,
    first_byte INTEGER NOT NULL,
    len_bytes INTEGER NOT NULL,
    given_in BLOB -- the epoch in which the hub gave it last; absent if it was found in the file only
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_hub_index ON receipts (hub, epoch, hub_seq);

-- How far each file is indexed.
CREATE TABLE receipt_files (
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    upto_byte INTEGER NOT NULL,
    PRIMARY KEY (hub, epoch)
) STRICT, WITHOUT ROWID;

-- What the receipts of an epoch say of the epoch before; of several words the one with the lowest number.
CREATE TABLE epoch_links (
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    hub_seq BLOB NOT NULL,
    before_epoch BLOB NOT NULL,
    before_seq BLOB NOT NULL,
    PRIMARY KEY (hub, epoch)
) STRICT, WITHOUT ROWID;

-- Epochs whose receipts count, from hubs.epoch (rank 0) back along the links, each up to a number.
CREATE TABLE valid_epochs (
    hub BLOB NOT NULL,
    rank INTEGER NOT NULL,
    epoch BLOB NOT NULL,
    upto BLOB NOT NULL,
    PRIMARY KEY (hub, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt_lines (
    sealed_sha256 BLOB NOT NULL,
    hub BLOB NOT NULL,
    receipt_id BLOB NOT NULL,
    is_void INTEGER NOT NULL,
    sha256 BLOB, -- only from a hub that opened the file
    PRIMARY KEY (sealed_sha256, hub, receipt_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt_entries (
    device BLOB NOT NULL,
    upto_seq INTEGER NOT NULL, -- at most 2^63 - 1
    receipt_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    PRIMARY KEY (device, upto_seq, receipt_id)
) STRICT, WITHOUT ROWID;

-- What the lines that count say together about a file; no row: the hub does not hold it.
CREATE TABLE holdings (
    sealed_sha256 BLOB NOT NULL,
    hub BLOB NOT NULL,
    receipt_id BLOB NOT NULL,
    sha256 BLOB,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (sealed_sha256, hub)
) STRICT, WITHOUT ROWID;
