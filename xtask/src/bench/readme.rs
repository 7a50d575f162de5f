//! Which figures stand in README's table, and how they are told.

/// Rows: the work, what was measured, and what stands beside it. `{name}` is the figure of that name, `{ratio name}` what it is of what it
/// is compared with.
pub(super) const ROWS: &[[&str; 3]] = &[
    [
        "durable TAXII ingest, one client, 1,000 objects an envelope",
        "{ingest, 1,000-object envelopes, one client} objects/s",
        "{ratio ingest, 1,000-object envelopes, one client} of writing and syncing the same bytes to a file",
    ],
    [
        "the same at 10 million objects: SQLite, PostgreSQL",
        "{SQLite, 10000000 objects: ingest}, {PostgreSQL, 10000000 objects: ingest} objects/s",
        "[how a node grows](docs/growth.md)",
    ],
    [
        "durable TAXII ingest, 16 clients, one object an envelope",
        "{ingest, one-object envelopes, 16 clients} objects/s",
        "{ratio ingest, one-object envelopes, 16 clients} of a bare server on the same HTTP library that keeps nothing",
    ],
    [
        "TAXII paging, 1,000 objects a page, by a member that did not bring them",
        "{paging, limit=1000} objects/s",
        "{ratio paging, limit=1000} of a bare server with one page in memory",
    ],
    [
        "the same at 10 million objects: SQLite, PostgreSQL",
        "{SQLite, 10000000 objects: paging}, {PostgreSQL, 10000000 objects: paging} objects/s",
        "",
    ],
    [
        "first page of 1,000 among 1 million; among 10 million: SQLite, PostgreSQL",
        "{first page of 1000 among 1000000} ms; {SQLite, 10000000 objects: first page}, {PostgreSQL, 10000000 objects: first page} ms",
        "",
    ],
    [
        "memory of a node with 1 million objects; with 10 million",
        "{memory of a node with 1000000, after reading}; {SQLite, 10000000 objects: memory} MiB",
        "",
    ],
    [
        "start over 1 million objects, to the first page; over 10 million",
        "{cold start with 1000000, to first page}; {SQLite, 10000000 objects: start to first page} s",
        "reads, hashes and checks every record",
    ],
    [
        "on the disk for each byte that came: SQLite, PostgreSQL",
        "{SQLite, 10000000 objects: on the disk for each byte}, {PostgreSQL, 10000000 objects: on the disk for each byte}",
        "",
    ],
    ["demo, start to first answer", "{demo, start to first answer} s", ""],
    [
        "STIX validation of ATT&CK's objects, one core",
        "{objects validated, one core} objects/s",
        "{ratio objects validated, one core} of reading their heads",
    ],
    ["STIX patterns read, one core", "{patterns read, one core} patterns/s", ""],
    [
        "10,000 patterns matched against 100,000 observations",
        "{10,000 patterns over 100,000 observations} s",
        "",
    ],
    ["a MISP feed of 100,000 attributes, taken in", "{MISP feed of 100,000 attributes taken in} s", ""],
    [
        "posted to refused, 99 of 100: BIND 9, Unbound, Knot Resolver, PowerDNS Recursor",
        "{posted to refused, BIND 9, 99 of 100}, {posted to refused, Unbound, 99 of 100}, {posted to refused, Knot Resolver, 99 of 100}, {posted to refused, PowerDNS Recursor, 99 of 100} s",
        "the last asks once a second",
    ],
    [
        "a zone of a million names: whole into BIND, a difference of 100, memory",
        "{zone transferred whole into BIND (AXFR)} s, {difference of 100 names (IXFR)} ms, {memory for a zone of 1000000 names} MiB",
        "made for the first time in {zone made for the first time} s",
    ],
    [
        "a zone of 10 million names: whole into BIND, a difference of 100, memory",
        "{10000000 names: zone transferred whole into BIND (AXFR)} s, {10000000 names: difference of 100 names (IXFR)} ms, {memory for a zone of 10000000 names} MiB",
        "made for the first time in {10000000 names: zone made for the first time} s; `--names 10000000`",
    ],
    ["200 DNS servers told of a change", "{posted to the last of 200 servers told (NOTIFY)} s", ""],
    [
        "a million domains hunted in a DNS log of 303 MB; the same packed with gzip",
        "{hunt, 1 million domains in 303 MB} s, {hunt, its memory} MiB; {hunt, the same packed with gzip} s",
        "`grep -F -f`: {ratio grep -F -f over the same} times as long, {grep -F -f, its memory} MiB; {ratio hunt, the same packed with gzip} of unpacking alone",
    ],
    [
        "10 million values in memory, asked about in process on two cores",
        "{screened in process, values in normal form} values/s, {10 M values in memory} MB",
        "texts that have to be read first: {screened in process, texts} values/s",
    ],
    [
        "one value screened over HTTP, with its record; if it is known",
        "{screened over HTTP, one value, not known}/s; {screened over HTTP, one value, known}/s",
        "{ratio screened over HTTP, one value, not known} and {ratio screened over HTTP, one value, known} of the same server's bare answer",
    ],
    [
        "10,000 values screened in one request, one in a hundred known; one in ten",
        "{a batch of 10,000 values, 1 in 100 known}; {a batch of 10,000 values, 1 in 10 known} ms",
        "",
    ],
    [
        "private screening: evaluations over HTTP, two cores",
        "{private: evaluations over HTTP, 1,024 each}/s",
        "",
    ],
    [
        "10 million transfers (1.4 GB of CSV) loaded",
        "{trace 10 M: load} s, {trace 10 M: load, its memory} MiB",
        "DuckDB: {ratio duckdb: load} times as long, {ratio duckdb: its memory} times the memory",
    ],
    [
        "50 thefts followed through all that they reach of 10 million transfers: haircut, FIFO",
        "{trace 10 M: 50 thefts, all, by haircut, again}, {trace 10 M: 50 thefts, all, by FIFO, again} ms",
        "igraph, four hops without amounts: {ratio igraph: four hops without amounts} times as long as haircut",
    ],
    [
        "10,000 addresses reached in 10 million transfers: haircut, FIFO",
        "{trace 10 M: 10,000 reached by haircut, again}, {trace 10 M: 10,000 reached by FIFO, again} ms",
        "the first in a process: {trace 10 M: 10,000 reached by haircut, first}, {trace 10 M: 10,000 reached by FIFO, first} ms",
    ],
    [
        "100 million transfers (14 GB of CSV, packed) loaded; 10,000 addresses reached in them: haircut, FIFO",
        "{trace 100 M: load} s, {trace 100 M: load, its memory} MiB; {trace 100 M: 10,000 reached by haircut, again}, {trace 100 M: 10,000 reached by FIFO, again} ms",
        "[how tracing grows](docs/trace-growth.md)",
    ],
    [
        "a page at 1 million objects, by a member: the fastest, the slowest",
        "{the fastest page} to {the slowest page} ms",
        "the first after a start at most {the slowest page, the first after a start} ms; [pages.md](docs/pages.md#how-fast)",
    ],
    [
        "search while typing, 1 million objects, while others come in, 95 of 100",
        "{search by a member, 95 of 100} ms",
        "meanwhile {objects that come in while is searched} objects/s came in",
    ],
    ["objects signed and verified, two cores", "{objects signed}, {objects verified} objects/s", ""],
    [
        "a proof that a record is in a log of 100 million",
        "{a proof in a log of 100 million} ms; the slowest {… the slowest of 2,000} ms",
        "",
    ],
    ["105 MB of IATI read", "{105 MB of IATI read} s, {… its most memory} MiB", ""],
    [
        "10 million sightings from CSV, read and into flows by country and network",
        "{10 million sightings into flows} s",
        "",
    ],
];
