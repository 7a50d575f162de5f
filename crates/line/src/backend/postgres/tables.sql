CREATE TABLE IF NOT EXISTS line (
    id uuid PRIMARY KEY,         -- the circle's; nil for the node's own line
    made bigint NOT NULL,        -- microseconds since 1970, of the process that made it: orders lines, and nothing else
    size bigint NOT NULL,        -- records in the line
    root bytea NOT NULL          -- Merkle root over them (RFC 6962)
);
CREATE TABLE IF NOT EXISTS record (
    line uuid NOT NULL,
    seq bigint NOT NULL,         -- the number in the line, from 1
    added bigint NOT NULL,       -- microseconds since 1970, strictly increasing along a line
    kind smallint NOT NULL,
    sender uuid NOT NULL,        -- the member that brought it
    terms text,                  -- its terms, JSON; NULL for the default
    of_seq bigint,               -- of what is announced again: the number that it replaces
    body bytea NOT NULL,         -- the bytes as they came; of what was erased, what stands for them
    erased bytea,                -- SHA-256 of the bytes that were erased; NULL as long as they are there
    PRIMARY KEY (line, seq)
);
CREATE TABLE IF NOT EXISTS remains (
    since bigint PRIMARY KEY     -- a row as long as what was erased may still lie in the tables' free space; a higher number for what was erased later
);
CREATE TABLE IF NOT EXISTS tables (
    version bigint PRIMARY KEY   -- the version of these tables
);
-- What one node does at a time. A row is never deleted: its token must not begin anew.
CREATE TABLE IF NOT EXISTS lease (
    name text PRIMARY KEY,
    holder uuid NOT NULL,        -- drawn by the process that has it
    token bigint NOT NULL,       -- grows with each change of holder
    until bigint NOT NULL        -- microseconds since 1970 by the database's clock: then another may take it
);
-- What all nodes must see and is no part of a line: sessions, statuses, what waits to be sent.
CREATE TABLE IF NOT EXISTS kept (
    room text NOT NULL,          -- what kind of thing it is
    key text NOT NULL,
    value bytea NOT NULL,
    version bigint NOT NULL,     -- grows with each change
    changed bigint NOT NULL,     -- microseconds since 1970 by the database's clock
    PRIMARY KEY (room, key)
);
