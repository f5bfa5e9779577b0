-- Views of the journal: disposable. The hash of this file is the schema's version; another hash means: build anew.
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
