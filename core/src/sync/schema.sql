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

CREATE TABLE receipts (
    receipt_id BLOB NOT NULL PRIMARY KEY,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    hub_seq INTEGER NOT NULL,
    hub_time_ms INTEGER NOT NULL,
    cose BLOB NOT NULL -- as received: the proof
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_hub_index ON receipts (hub, epoch, hub_seq);

-- Lines of receipts, for counting.
CREATE TABLE receipt_files (
    sealed_sha256 BLOB NOT NULL,
    receipt_id BLOB NOT NULL,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    sha256 BLOB, -- only from a hub that opened the file
    hub_time_ms INTEGER NOT NULL,
    PRIMARY KEY (sealed_sha256, receipt_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt_entries (
    device BLOB NOT NULL,
    upto_seq INTEGER NOT NULL,
    receipt_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    PRIMARY KEY (device, upto_seq, receipt_id)
) STRICT, WITHOUT ROWID;
