"""An ordinary program that knows nothing of heliograph."""
import logging
import os
import signal
import sys
import threading
import urllib.request

SECURE, PLAIN = os.environ["SECURE"], os.environ["PLAIN"]
logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
log = logging.getLogger("app.main")


def post(url, body):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


log.info("hello from python")
log.warning("careful")
answers = [post(SECURE + "/urllib", b'{"by":"urllib"}'), post(PLAIN + "/urllib-plain", b"{}")]
try:
    import requests
except ImportError:
    print("no requests", flush=True)
else:
    with requests.Session() as session:
        answers.append(session.post(SECURE + "/requests", json={"by": "requests"}).text)
        answers.append(session.get(PLAIN + "/requests-plain").text)
print("answers:", *answers, flush=True)
try:
    {}["missing"]
except KeyError:
    log.exception("it failed")
print("ready", flush=True)
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
while not ended.wait(0.05):
    sum(range(100000))
print("bye", flush=True)
sys.exit(0)
