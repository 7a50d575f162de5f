"""Writes the files that tests/parquet.rs reads: the same made-up transfers as CSV and, by two other writers, as Parquet.

    pip install pyarrow==26.0.1 duckdb==2.0.1 && python make.py

The files are kept, so that tests need neither.
"""

import csv
import datetime
import decimal
import hashlib
import pathlib

import duckdb
import pyarrow
import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
ROWS = 70


def digest(*words):
    return hashlib.sha256(repr(words).encode()).digest()


def row(number):
    block, index = 19_000_000 + number // 7, number % 7
    amount = int.from_bytes(digest("amount", number)[: 1 + number % 12], "big")
    return {
        "block": block,
        "index": index,
        "tx": digest("tx", number),
        "time": 1_700_000_000 + 12 * (number // 7),
        "from": digest("account", number % 11)[:20],
        "to": None if number % 17 == 16 else digest("account", number % 13)[:20],
        "amount": amount,
        "asset": None if number % 3 else digest("asset", number % 2)[:20],
        "status": number % 10 != 9,
        "input": digest("input", number) * (number % 2),
    }


ROWS_ = [row(number) for number in range(ROWS)]
NAMES = list(ROWS_[0])


def hexed(value):
    return None if value is None else "0x" + value.hex()


TEXT = [{k: hexed(v) if isinstance(v, bytes) or v is None else v for k, v in r.items()} for r in ROWS_]

with open(HERE / "transfers.csv", "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NAMES)
    for r in TEXT:
        writer.writerow("" if r[k] is None else str(r[k]).lower() if k == "status" else r[k] for k in NAMES)


def table(rows, **types):
    fields = [pyarrow.field(name, types[name]) for name in NAMES]
    return pyarrow.Table.from_pylist([{name: r[name] for name in NAMES} for r in rows], pyarrow.schema(fields))


def write(name, what, **options):
    pyarrow.parquet.write_table(what, HERE / f"{name}.parquet", store_schema=False, row_group_size=30, **options)


S, I, U = pyarrow.string(), pyarrow.int64(), pyarrow.uint32()
text = dict(zip(NAMES, [I, U, S, I, S, S, S, S, pyarrow.bool_(), S]))
as_text = [{**r, "amount": str(r["amount"])} for r in TEXT]
write("pyarrow_none", table(as_text, **text), compression="none", use_dictionary=False)
write("pyarrow_snappy_v1", table(as_text, **text), compression="snappy", version="1.0")
write("pyarrow_zstd_v2", table(as_text, **text), compression="zstd", data_page_version="2.0")
write("pyarrow_gzip_pages", table(as_text, **text), compression="gzip", data_page_size=256, write_batch_size=10)

B20, D = pyarrow.binary(20), pyarrow.decimal128(38, 0)
stamp = lambda unit: pyarrow.timestamp(unit, "UTC")
at = lambda r: datetime.datetime.fromtimestamp(r["time"], datetime.timezone.utc)
as_bytes = [{**r, "time": at(r), "amount": decimal.Decimal(r["amount"])} for r in ROWS_]
typed = {**text, "tx": pyarrow.binary(), "from": B20, "to": B20, "asset": B20, "amount": D, "input": pyarrow.binary()}
write("pyarrow_bytes_ms", table(as_bytes, **{**typed, "time": stamp("ms")}))
write("pyarrow_bytes_us", table(as_bytes, **{**typed, "time": stamp("us"), "from": pyarrow.binary(), "to": pyarrow.binary(),
      "amount": pyarrow.decimal256(76, 9)}))
wide = [{**r, "amount": int(r["amount"]).to_bytes(32, "big")} for r in as_bytes]
write("pyarrow_bytes_ns", table(wide, **{**typed, "time": stamp("ns"), "amount": pyarrow.binary(32)}))
delta = {"block": "DELTA_BINARY_PACKED", "index": "DELTA_BINARY_PACKED", "time": "DELTA_BINARY_PACKED",
         "tx": "DELTA_LENGTH_BYTE_ARRAY", "from": "DELTA_LENGTH_BYTE_ARRAY"}
write("pyarrow_delta", table(as_text, **text), use_dictionary=False, column_encoding=delta, compression="zstd")
write("pyarrow_beginnings", table(as_text, **text), use_dictionary=False, column_encoding={"from": "DELTA_BYTE_ARRAY"})

# What is refused.
write("refused_lz4", table(as_text, **text), compression="lz4")
write("refused_int96", table(as_bytes, **{**typed, "time": stamp("ns")}), use_deprecated_int96_timestamps=True)
floats = [{**r, "amount": float(r["amount"])} for r in TEXT]
write("refused_double", table(floats, **{**text, "amount": pyarrow.float64()}))

base = duckdb.connect()
base.execute(f"""create table t as select block, "index", tx, make_timestamp(time * 1000000) as time, "from", "to",
    amount::hugeint::decimal(38, 0) as amount, asset, status, input
    from read_csv('{HERE / "transfers.csv"}', all_varchar = false, types = {{'amount': 'varchar', 'tx': 'varchar'}})""")
for name, options in [("duckdb_snappy", "codec snappy"), ("duckdb_zstd_v2", "codec zstd, parquet_version v2")]:
    base.execute(f"copy t to '{HERE / name}.parquet' (format parquet, row_group_size 2048, {options})")
