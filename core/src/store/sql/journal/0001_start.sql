CREATE TABLE entries (
    row INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival on this device, also of a late body: the index follows it, evidence does not
    device BLOB NOT NULL CHECK (length(device) = 32),
    seq INTEGER NOT NULL CHECK (seq > 0),
    entry_id BLOB NOT NULL UNIQUE CHECK (length(entry_id) = 32),
    kind INTEGER NOT NULL,
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    lamport INTEGER NOT NULL, -- orders display; 0 for a number that no counting reaches
    header BLOB NOT NULL,
    body BLOB,
    absence INTEGER, -- why there is no body, by whoever gave the entry: 0 withheld, 1 erased, 2 lost
    erased_by BLOB, -- the entry of the lawful order
    CHECK ((body IS NULL) = (absence IS NOT NULL))
) STRICT;
CREATE INDEX entries_lamport_index ON entries (lamport); -- its end is asked for at every capture
CREATE INDEX entries_device_seq_index ON entries (device, seq); -- not unique: both branches of a fork are kept
CREATE INDEX entries_subject_index ON entries (subject);

CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER headers_are_never_changed BEFORE UPDATE ON entries
WHEN NEW.row < OLD.row OR NEW.device IS NOT OLD.device OR NEW.seq IS NOT OLD.seq OR NEW.entry_id IS NOT OLD.entry_id
    OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject OR NEW.lamport IS NOT OLD.lamport
    OR NEW.header IS NOT OLD.header OR (OLD.body IS NOT NULL AND NEW.body IS NOT OLD.body)
BEGIN SELECT RAISE(ABORT, 'headers are never changed; a body only arrives'); END;

CREATE TABLE checkpoints (
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    entry_id BLOB NOT NULL,
    cose BLOB NOT NULL, -- as signed or received
    PRIMARY KEY (device, seq, entry_id)
) STRICT, WITHOUT ROWID;

-- Public keys of the chains here, from their first entries.
CREATE TABLE devices (
    device BLOB NOT NULL PRIMARY KEY,
    spki BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed files that entries introduce: derived from entries, kept so that recovery at open finds them without opening bodies.
CREATE TABLE files (
    sealed_sha256 BLOB NOT NULL CHECK (length(sealed_sha256) = 32),
    entry_id BLOB NOT NULL, -- several may name one file: none of them can take it from the others
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    subject BLOB NOT NULL, -- the photo
    class INTEGER NOT NULL, -- 2 thumbnail, 3 preview, 4 original
    size_bytes INTEGER NOT NULL,
    sha256 BLOB, -- of the plaintext; absent for a recovered file that no key here opened
    recipients INTEGER, -- how many its entry lists
    capture_id BLOB UNIQUE, -- of originals: makes a retry idempotent
    PRIMARY KEY (sealed_sha256, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_subject_index ON files (subject);
CREATE INDEX files_device_index ON files (device, seq);
CREATE INDEX files_sha256_index ON files (sha256); -- "same image", and adoption of a recovered capture

-- Runs closed here or received, by the entries they hold.
CREATE TABLE runs (
    sealed_sha256 BLOB NOT NULL PRIMARY KEY,
    device BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_device_index ON runs (device, last_seq);

-- The last number given out here per issuer and series; a number is never given out again, also when its record was voided. No entry moves it: what
-- others record or a person types is passed over when its turn comes.
CREATE TABLE numbers (
    issuer TEXT NOT NULL,
    series TEXT NOT NULL, -- 'remains' or 'grave'
    last INTEGER NOT NULL,
    PRIMARY KEY (issuer, series)
) STRICT, WITHOUT ROWID;

-- Single facts about this database: 'generation' (random, so that an index never follows another journal), 'device' (own chain).
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
