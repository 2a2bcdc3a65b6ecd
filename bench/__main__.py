"""`make bench`: measures wherry, and beside it any API server named by --against URL --token T.

python -m bench [--against URL --token T] [--quick] [--output table|json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import ssl
import sys
from pathlib import Path

import uvloop

from bench import rows
from bench.load import Target
from bench.own import Own, OwnNode
from bench.rows import Row


async def measure(target: Target, *, quick: bool) -> list[Row]:
    """Every row that any API server has."""
    found: list[Row] = []

    def note(row: Row) -> None:
        found.append(row)
        print(f"    {row.name:<36} {row.value:>12,.2f} {row.unit}", file=sys.stderr)

    pods = 1_000 if quick else 5_000
    await rows.prepare(target)
    try:
        async for row in rows.creates(target, pods):
            note(row)
        async for row in rows.gets(target, 10_000 if quick else 60_000):
            note(row)
        async for row in rows.lists(target, pods):
            note(row)
        for watchers in (100, 1_000):
            note(await rows.fan_out(target, watchers, 100 if quick else 300))
    finally:
        await rows.tidy(target)
    return found


async def starts(target: Target, image: str) -> list[Row]:
    await rows.prepare(target)
    try:
        return [row async for row in rows.pod_starts(target, image)]
    finally:
        await rows.tidy(target)


def table(mine: list[Row], other: list[Row] | None) -> str:
    theirs = {row.name: row for row in other or ()}
    lines = [f"{'':<38}{'wherry':>14}" + (f"{'other':>14}{'ratio':>9}" if other is not None else "")]
    for row in mine:
        line = f"{row.name:<38}{row.value:>14,.2f}"
        peer = theirs.get(row.name)
        if peer is not None and peer.value and row.value:
            ratio = row.value / peer.value if row.better == "more" else peer.value / row.value
            line += f"{peer.value:>14,.2f}{ratio:>8.1f}x"
        elif other is not None:
            line += f"{'-':>14}{'-':>9}"
        lines.append(f"{line}  {row.unit}")
    return "\n".join(lines)


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--against", metavar="URL", help="another API server to measure as well")
    parser.add_argument("--token", default="", help="a bearer token for it")
    parser.add_argument("--image", default="wherry.local/hello:1", help="what pod starts run here")
    parser.add_argument("--image-there", default="", help="and there; without it no Pods are started there")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    with Own() as own:
        print("  wherry", file=sys.stderr)
        mine = own.start_rows()
        mine += uvloop.run(measure(own.target, quick=arguments.quick))
        mine += own.end_rows()
    if os.geteuid() == 0 and shutil.which("containerd"):
        with OwnNode() as node:
            mine += node.rows()
            mine += uvloop.run(starts(node.target, arguments.image))
    other = None
    if arguments.against:
        print(f"  {arguments.against}", file=sys.stderr)
        unchecked = ssl.create_default_context()
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        tls = unchecked if arguments.against.startswith("https") else None
        target = Target(arguments.against, arguments.token, tls)
        other = uvloop.run(measure(target, quick=arguments.quick))
        if arguments.image_there:
            other += uvloop.run(starts(target, arguments.image_there))
    if arguments.output == "json":
        trees = {"machine": machine(), "wherry": [vars(row) for row in mine]}
        if other is not None:
            trees["other"] = [vars(row) for row in other]
        print(json.dumps(trees, indent=2))
    else:
        print(f"\n{machine()}\n\n{table(mine, other)}")


if __name__ == "__main__":
    main()
