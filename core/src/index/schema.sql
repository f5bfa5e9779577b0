-- Views of the journal: disposable. Its version is the hash of this file and of what the nouns' tables say of lists; another one means: build anew.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY, -- 'followed' row, 'generation' of the journal, 'rule' hash of the ended chains folded with
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subjects (
    subject BLOB NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    first_wall_ms INTEGER NOT NULL,
    operator BLOB,
    standing INTEGER NOT NULL, -- 0 stands, 1 withdrawn, 2 void
    standing_reason TEXT NOT NULL,
    newer INTEGER NOT NULL, -- entries that a newer version wrote
    absent INTEGER NOT NULL, -- entries without a body
    beyond_counting INTEGER NOT NULL -- entries with an order number that no counting reaches
) STRICT, WITHOUT ROWID;

CREATE TABLE heads (
    subject BLOB NOT NULL,
    field INTEGER NOT NULL,
    rank INTEGER NOT NULL, -- 0 is shown; more than one distinct value is a conflict
    entry_id BLOB NOT NULL,
    device BLOB NOT NULL,
    lamport INTEGER NOT NULL,
    operator BLOB, -- who said it
    wall_ms INTEGER NOT NULL, -- the device's clock then, as claimed
    value BLOB NOT NULL,
    PRIMARY KEY (subject, field, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE creates (
    subject BLOB NOT NULL,
    rank INTEGER NOT NULL,
    entry_id BLOB NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (subject, rank)
) STRICT, WITHOUT ROWID;

-- What hangs on what, in the order of lists: by code, then by the moment.
CREATE TABLE branches (
    parent BLOB NOT NULL,
    kind INTEGER NOT NULL,
    sort TEXT NOT NULL,
    child BLOB NOT NULL,
    PRIMARY KEY (parent, kind, sort, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX branches_child_index ON branches (child);

-- What is found by what: folded words and numbers.
CREATE TABLE search_keys (
    key TEXT NOT NULL,
    subject BLOB NOT NULL,
    sensitivity INTEGER NOT NULL, -- of the field: 0 open, 1 personal, 2 restricted
    PRIMARY KEY (key, subject, sensitivity)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_keys_subject_index ON search_keys (subject);
