"""Exports a span and a log record as OpenTelemetry's SDKs do, in protobuf and JSON."""
import gzip
import json
import os
import struct
import sys
import time
import urllib.request

endpoint, protocol = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"], os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"]
print("protocol", protocol, flush=True)


def field(number, data):
    """A length-delimited field of protobuf."""
    size, n = b"", len(data)
    while n > 127:
        size, n = size + bytes([n & 127 | 128]), n >> 7
    return bytes([number << 3 | 2]) + size + bytes([n]) + data


def fixed(number, value):
    return bytes([number << 3 | 1]) + struct.pack("<Q", value)


def post(path, kind, body):
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(endpoint + path, gzip.compress(body), headers)) as r:
        return r.status


sys.stdin.readline()  # until the test has a profiler session
now = time.time_ns()
span = field(1, b"T" * 16) + field(2, b"S" * 8) + field(5, b"work") + fixed(7, now - 5_000_000) + fixed(8, now) + bytes([6 << 3, 3])
statuses = [post("/v1/traces", "application/x-protobuf", field(1, field(2, field(2, span))))]
record = {"timeUnixNano": str(now), "severityNumber": 17, "body": {"stringValue": "exported"}}
logs = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "my.scope"}, "logRecords": [record]}]}]}
statuses.append(post("/v1/logs", "application/json", json.dumps(logs).encode()))
statuses.append(post("/v1/metrics", "application/json", b"{}"))
print("statuses", *statuses, flush=True)
sys.stdin.readline()
