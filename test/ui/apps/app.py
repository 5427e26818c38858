"""A program that knows nothing of heliograph: it logs, and asks the server named by its argument."""

import json
import logging
import sys
import time
import urllib.error
import urllib.request

logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", level=logging.INFO)
log = logging.getLogger("orders")
base = sys.argv[1]
n = 0
while True:
    n += 1
    print(f"round {n}", flush=True)
    with urllib.request.urlopen(f"{base}/orders?page={n}") as answer:
        log.warning("low stock of %s", json.load(answer)["orders"][0]["sku"])
    try:
        urllib.request.urlopen(f"{base}/missing")
    except urllib.error.HTTPError as err:
        log.error("missing: %s", err.code)
    time.sleep(1)
