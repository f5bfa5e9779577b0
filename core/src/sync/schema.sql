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
    -- Kept by `settle` after the view `held`, as is the table `waiting`.
    holders INTEGER NOT NULL DEFAULT 0, -- hubs that hold it
    is_checked INTEGER NOT NULL DEFAULT 0 -- one of them opened it
) STRICT, WITHOUT ROWID;
CREATE INDEX files_here_index ON files (class, is_checked, added_ms) WHERE is_freed = 0;

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
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (class, holders, is_checked)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER files_are_counted AFTER INSERT ON files BEGIN
    INSERT INTO tallies VALUES (NEW.class, min(NEW.holders, 2), NEW.is_checked, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER files_are_counted_again AFTER UPDATE OF holders, is_checked ON files BEGIN
    UPDATE tallies SET count = count - 1, bytes = bytes - OLD.size_bytes
        WHERE class = OLD.class AND holders = min(OLD.holders, 2) AND is_checked = OLD.is_checked;
    INSERT INTO tallies VALUES (NEW.class, min(NEW.holders, 2), NEW.is_checked, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;

CREATE TABLE receipts (
    receipt_id BLOB NOT NULL PRIMARY KEY,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    hub_seq INTEGER NOT NULL,
    hub_time_ms INTEGER NOT NULL,
    cose BLOB NOT NULL -- as received: the proof
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_hub_index ON receipts (hub, epoch, hub_seq);
CREATE TRIGGER receipts_are_counted AFTER INSERT ON receipts BEGIN
    INSERT INTO tallies VALUES (0, 0, 0, 1, length(NEW.cose))
        ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;

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
-- The one place that says which hub holds which file: by receipts of the epoch that the hub is in now.
CREATE VIEW held AS
    SELECT sealed_sha256, receipt_id, hub, sha256, hub_time_ms FROM receipt_files JOIN hubs USING (hub, epoch);

CREATE TABLE receipt_entries (
    device BLOB NOT NULL,
    upto_seq INTEGER NOT NULL,
    receipt_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    hub BLOB NOT NULL,
    epoch BLOB NOT NULL,
    PRIMARY KEY (hub, epoch, device, upto_seq, receipt_id)
) STRICT, WITHOUT ROWID;
