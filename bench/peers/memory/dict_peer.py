#!/usr/bin/env python3
"""A dict of records as Python programs hold them, copied out.   dict_peer.py SECONDS"""
import copy
import json
import sys
import time

COUNT = 100_000
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0


def report(case, operations, wall, cpu):
    print(json.dumps({"peer": "python dict", "case": case, "ops_s": round(operations / wall),
                      "client_cpu_us_op": cpu / operations * 1e6, "ns_op": wall / operations * 1e9}), flush=True)


made = [("%032x" % n, {"name": f"name-{n}", "value": n, "score": n * 0.5, "active": n % 2 == 0}) for n in range(COUNT)]
records = {}
wall, cpu = time.perf_counter(), time.process_time()
for key, fields in made:
    records[key] = fields
report("mem_create", COUNT, time.perf_counter() - wall, time.process_time() - cpu)

state, reads = 12345, 0
wall, cpu = time.perf_counter(), time.process_time()
while time.perf_counter() - wall < seconds:
    for _ in range(1000):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        copy.copy(records["%032x" % ((state >> 8) % COUNT)])
    reads += 1000
report("mem_read", reads, time.perf_counter() - wall, time.process_time() - cpu)
