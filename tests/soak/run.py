"""The command line of the soak; `./dev soak` calls it."""

from __future__ import annotations

import argparse
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))

from soak import Difference, Options, Soak  # noqa: E402: after the path is known


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description=sys.modules["soak"].__doc__)
    parser.add_argument("events", nargs="?", type=int, default=100_000, help="how many: 100000")
    parser.add_argument(
        "--seed",
        type=int,
        help="of an earlier run, to have its events and faults again; odd ones are with ROLLBACK_ON_FAILURE",
    )
    parser.add_argument("--program", default="build/bootstrap", metavar="PATH", help="the function (build/bootstrap)")
    parser.add_argument(
        "--clock",
        default="build/lib/libsoak_clock.so",
        metavar="PATH",
        help="the library that moves its time (build/lib/libsoak_clock.so)",
    )
    parser.add_argument(
        "--no-memory-check", action="store_true", help="the memory may grow, as it does with a sanitizer in the program"
    )
    arguments = parser.parse_args()
    if arguments.events < 100:
        parser.error("less than 100 events are no soak")
    for path in (arguments.program, arguments.clock):
        if not pathlib.Path(path).exists():
            parser.error(f"{path} is missing: ./dev soak builds it")
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    rolls_back = seed % 2 == 1
    what = "with" if rolls_back else "without"
    print(f"soak: {arguments.events:,} events, seed {seed}, {what} ROLLBACK_ON_FAILURE", flush=True)
    options = Options(
        events=arguments.events,
        seed=seed,
        warm_up=Options.usual_warm_up(arguments.events),
        memory=not arguments.no_memory_check,
        rolls_back=rolls_back,
    )
    soak = Soak([arguments.program], arguments.clock, options, say=lambda line: print(line, flush=True))
    try:
        soak.run()
    except Difference as difference:
        print(f"soak: FAILED\n{difference}\nto see it again: ./dev soak {arguments.events} --seed {seed}")
        return 1
    print(soak.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
