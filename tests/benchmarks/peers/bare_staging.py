"""What somebody writes in an hour: fetches receipts and puts them into a table. No checks, no safety.

It stores what our staging stores of a receipt, the receipt itself included, and commits once at the end.
"""

import sqlite3
import sys

import orjson
import requests

COLUMNS = ("id", "register", "number", "kind", "business_day", "ended_at", "total_cents")


def main(url: str, token: str, database: str) -> None:
    connection = sqlite3.connect(database)
    connection.execute(f"CREATE TABLE receipt ({', '.join(COLUMNS)}, reference_id, raw, PRIMARY KEY (id))")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    parameters: dict[str, str | int] = {"limit": 1000}
    while True:
        page = orjson.loads(session.get(f"{url}/v1/receipts", params=parameters, timeout=60).content)
        connection.executemany(
            f"INSERT INTO receipt VALUES ({', '.join('?' * (len(COLUMNS) + 2))})",
            [
                (
                    *(item[name] for name in COLUMNS),
                    item["reference"] and item["reference"]["receipt_id"],
                    orjson.dumps(item),
                )
                for item in page["items"]
            ],
        )
        if not page["has_more"]:
            break
        parameters["after"] = page["next_cursor"]
    connection.commit()
    print(connection.execute("SELECT count(*) FROM receipt").fetchone()[0])


main(*sys.argv[1:])
