"""Sends the batches of a folder: bare_upload.py URL FOLDER CONNECTIONS. As little as one can do with requests."""

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import requests
from requests.adapters import HTTPAdapter


def main(url: str, folder: Path, connections: int) -> None:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))

    def send(path: Path) -> int:
        entity = path.stem.partition("-")[2]
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        answer = session.post(f"{url}/v1/{entity}/batch", data=path.read_bytes(), headers=headers, timeout=60)
        answer.raise_for_status()
        return len(orjson.loads(answer.content)["results"])

    with ThreadPoolExecutor(connections) as pool:
        print(sum(pool.map(send, sorted(folder.iterdir()))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
