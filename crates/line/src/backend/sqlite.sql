BEGIN;
CREATE TABLE line (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,     -- the circle's UUID; nil for the node's own line
    size INTEGER NOT NULL,       -- records in the line
    root BLOB NOT NULL           -- Merkle root over them (RFC 6962)
);
CREATE TABLE record (
    pos INTEGER PRIMARY KEY,     -- line.no << 40 | number in the line, from 1
    added INTEGER NOT NULL,      -- microseconds since 1970, strictly increasing along a line
    kind INTEGER NOT NULL,       -- 0 object, 1 withdrawal, 2 again, 3 member, 4 circle, 5 credential, 6 setting, 7 receipt
    sender BLOB NOT NULL,        -- UUID of the member that brought it
    terms TEXT,                  -- its terms, JSON; NULL for the default
    of_seq INTEGER,              -- for kind 2: the number that it replaces
    body BLOB NOT NULL,          -- the bytes as they came; of what was erased, what stands for them
    erased BLOB,                 -- SHA-256 of the bytes that were erased; NULL as long as they are there
    line INTEGER GENERATED ALWAYS AS (pos >> 40) VIRTUAL,
    seq INTEGER GENERATED ALWAYS AS (pos & 1099511627775) VIRTUAL
);
CREATE TABLE remains (
    since INTEGER PRIMARY KEY    -- a row as long as what was erased may still lie in the file's free space
);
PRAGMA user_version = 2;
COMMIT;
