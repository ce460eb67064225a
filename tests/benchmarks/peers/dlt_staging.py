"""The same with dlt as its documentation shows it: source rest_api, destination sqlalchemy on SQLite."""

import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main(url: str, token: str, database: str) -> None:
    source = rest_api_source(
        {
            "client": {"base_url": f"{url}/v1/", "auth": {"type": "bearer", "token": token}},
            "resources": [
                {
                    "name": "receipts",
                    "primary_key": "id",
                    "write_disposition": "append",
                    "endpoint": {
                        "path": "receipts",
                        "params": {"limit": 1000},
                        "data_selector": "items",
                        "paginator": {
                            "type": "cursor",
                            "cursor_path": "next_cursor",
                            "cursor_param": "after",
                            "has_more_path": "has_more",
                        },
                    },
                }
            ],
        }
    )
    # its load jobs run side by side and wait for each other: without the timeout some give up, and the load breaks
    destination = dlt.destinations.sqlalchemy(f"sqlite:///{database}", engine_kwargs={"connect_args": {"timeout": 600}})
    pipeline = dlt.pipeline("receipts", destination=destination, dataset_name="main")
    pipeline.run(source)
    with pipeline.sql_client() as client, client.execute_query("SELECT count(*) FROM receipts") as cursor:
        print(cursor.fetchone()[0])


main(*sys.argv[1:])
