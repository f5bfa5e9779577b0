-- transfer.db: opened by the hardware key alone, so that a locked phone still sends. Holds nothing readable: hashes, tokens, addresses, counts.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY, -- 'join', 'roster', 'device_name', 'operator', 'guard_seq', 'guard_entry', 'noted_upto', 'ending_chain', 'tries', 'tries_ms'
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
    is_freed INTEGER NOT NULL DEFAULT 0,
    -- Kept by `settle` after `holdings`, as is the table `waiting`.
    holders INTEGER NOT NULL DEFAULT 0, -- hubs that hold it
    is_checked INTEGER NOT NULL DEFAULT 0 -- one of them opened it
) STRICT, WITHOUT ROWID;
CREATE INDEX files_here_index ON files (class, is_checked DESC, holders DESC, added_ms) WHERE is_freed = 0;

-- What a hub does not hold, in order of sending: planning and offering read this and never walk what was receipted.
CREATE TABLE waiting (
    hub BLOB NOT NULL,
    class INTEGER NOT NULL,
    added_ms INTEGER NOT NULL,
    sealed_sha256 BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (hub, class, added_ms, sealed_sha256)
) STRICT, WITHOUT ROWID;

-- How many files there are of each sort: a status counts a few rows however much was ever taken.
CREATE TABLE tallies (
    class INTEGER NOT NULL, -- 0: receipts
    holders INTEGER NOT NULL, -- 0, 1, or 2 for two and more
    is_checked INTEGER NOT NULL,
    is_freed INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (class, holders, is_checked, is_freed)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER files_are_counted AFTER INSERT ON files BEGIN
    INSERT INTO tallies VALUES (NEW.class, min(NEW.holders, 2), NEW.is_checked, NEW.is_freed, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER files_are_counted_again AFTER UPDATE OF holders, is_checked, is_freed ON files BEGIN
    UPDATE tallies SET count = count - 1, bytes = bytes - OLD.size_bytes
        WHERE class = OLD.class AND holders = min(OLD.holders, 2) AND is_checked = OLD.is_checked
            AND is_freed = OLD.is_freed;
    INSERT INTO tallies VALUES (NEW.class, min(NEW.holders, 2), NEW.is_checked, NEW.is_freed, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;

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
CREATE TRIGGER receipts_are_counted AFTER INSERT ON receipts BEGIN
    INSERT INTO tallies VALUES (0, 0, 0, 0, 1, NEW.len_bytes)
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER receipts_are_counted_again AFTER DELETE ON receipts BEGIN
    UPDATE tallies SET count = count - 1, bytes = bytes - OLD.len_bytes WHERE class = 0;
END;

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

-- What the lines that count say together about a file; no row: the hub does not hold it. The one place that says which hub holds which file.
CREATE TABLE holdings (
    sealed_sha256 BLOB NOT NULL,
    hub BLOB NOT NULL,
    receipt_id BLOB NOT NULL,
    sha256 BLOB,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (sealed_sha256, hub)
) STRICT, WITHOUT ROWID;
