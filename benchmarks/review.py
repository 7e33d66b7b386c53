"""Counts how well the state of a review is read: recall, precision, state, waits-for, promises and trailers.

The threads are those of the corpus in `tests/unit/review/corpus`, or those of a folder: mboxes beside a `right.toml`
that says what a careful reader finds in them, in the corpus' form with `mbox` (and `next`) in place of `say`.

    python benchmarks/review.py [--misses] [FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.review_corpus import CORPUS, Score, load, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--misses", action="store_true", help="name what was read wrongly")
    parser.add_argument("--only", default="", help="threads whose name begins so; several with commas")
    options = parser.parse_args()
    wanted = tuple(options.only.split(","))
    threads = [thread for thread in load(options.folder) if thread.name.startswith(wanted)]
    total = Score()
    for thread in threads:
        result = score(thread)
        total = total + result
        for miss in result.misses if options.misses else ():
            print(f"{thread.name}: {miss}")
    print(f"{len(threads)} threads")
    for name, (right, of) in total.counts.items():
        print(f"{name:10} {right:4} of {of:4}  {100 * right / of if of else 100:5.1f} %")


if __name__ == "__main__":
    main()
