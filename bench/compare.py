#!/usr/bin/env python3
"""Runs the programs of a suite side by side and writes one report.

Every case is measured in rounds, the peers interleaved (forward in even rounds, backward in odd ones), so that a noisy machine slows all of
them alike. Reports medians and each peer's ratio to the case's first peer. Only ratios of one run mean anything.

    compare.py SUITE.json [--rounds N] [--only TEXT] [--json FILE] [--markdown FILE]

SUITE.json: {"cases": [{"name": ..., "case": ..., "metrics": ["ops_s", ...], "peers": {"label": "shell command", ...}}]}
A command prints JSON lines; of these the last whose "case" is the case's counts, or the peer's own case if its label is "label::case".
One command that prints several cases is run once a round. Commands may use the environment ($BIN, $PYTHON, $DATA); {dir} is the folder of the suite.
A peer that gives no result stands in the report with the reason.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time


def run(command, timeout=300):
    try:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return [], f"longer than {timeout} s"
    lines = []
    for line in done.stdout.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass
    errors = done.stderr.strip().splitlines()
    return lines, errors[-1] if errors else f"exit status {done.returncode}"


def measure(case, rounds, cache, here):
    """Per peer the lines of each round, and why there is none."""
    found = {label: [] for label in case["peers"]}
    reasons = {}
    for number in range(rounds):
        peers = list(case["peers"].items())
        for label, command in peers if number % 2 == 0 else peers[::-1]:
            wanted = label.split("::")[1] if "::" in label else case.get("case")
            key = (number, command)
            if key not in cache:
                cache[key] = run(command.replace("{dir}", here))
            lines, error = cache[key]
            lines = [line for line in lines if wanted is None or line.get("case") == wanted]
            if lines:
                found[label].append(lines[-1])
            else:
                reasons[label] = error
    return found, reasons


def medians(lines, metrics):
    return {m: statistics.median(x[m] for x in lines if m in x) for m in metrics if any(m in x for x in lines)}


def table(case, found, reasons):
    metrics = case.get("metrics", ["ops_s", "client_cpu_us_op"])
    values = {label: medians(lines, metrics) for label, lines in found.items() if lines}
    reference = next(iter(case["peers"]))
    out = [f"### {case['name']}", "", "| peer | " + " | ".join(f"{m} | ratio" for m in metrics) + " |",
           "|" + "---|" * (1 + 2 * len(metrics))]
    for label in case["peers"]:
        name = label.split("::")[0]
        if label not in values:
            out.append(f"| {name} | not run: {reasons.get(label, '?')} |" + " |" * (2 * len(metrics) - 1))
            continue
        cells = []
        for metric in metrics:
            value = values[label].get(metric)
            base = values.get(reference, {}).get(metric)
            cells += ["-", "-"] if value is None else [f"{value:.6g}", f"{value / base:.3g}" if base else "-"]
        out.append(f"| {name} | " + " | ".join(cells) + " |")
    spread = [line.get("ops_s") for line in found.get(reference, []) if line.get("ops_s")]
    if len(spread) > 1 and max(spread) > 1.6 * min(spread):
        out.append(f"\nThe reference itself varied by {max(spread) / min(spread):.2f}: repeat this case.")
    return "\n".join(out) + "\n", values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    options = parser.parse_args()
    with open(options.suite) as file:
        cases = [c for c in json.load(file)["cases"] if options.only in c["name"]]
    head = (f"# Benchmarks, {time.strftime('%Y-%m-%d')}\n\n{platform.machine()}, {os.cpu_count()} processors, "
            f"{options.rounds} rounds, medians, ratios to the first peer of each table.\n")
    print(head)
    pages, results, cache = [head], [], {}
    for case in cases:
        found, reasons = measure(case, options.rounds, cache, os.path.dirname(os.path.abspath(options.suite)))
        page, values = table(case, found, reasons)
        print(page + "\nload %.1f\n" % os.getloadavg()[0], flush=True)
        pages.append(page)
        results.append({"name": case["name"], "time": time.time(), "load": os.getloadavg()[0], "results": values,
                        "missing": reasons})
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write("\n".join(pages))
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
