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
-- The planner's samples would keep what is erased.
ALTER TABLE record ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE record ALTER COLUMN terms SET STATISTICS 0;
CREATE TABLE IF NOT EXISTS remains (
    since bigint PRIMARY KEY     -- a row as long as what was erased may still lie in the tables' free space
);
CREATE TABLE IF NOT EXISTS tables (
    version bigint PRIMARY KEY   -- the version of these tables
);
INSERT INTO tables (version) VALUES (1) ON CONFLICT DO NOTHING;
