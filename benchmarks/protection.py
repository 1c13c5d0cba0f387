"""What row security and sealing cost: each page with and without, on the same data. `python -m benchmarks.protection`

In this process, on a throw-away database of one guest who has used the site for `ROWS` days, and two copies of it: one
whose tables have no row security (and nobody is named), one whose texts stand there as they are (and sealing does
nothing). The three take turns, request by request, so that whatever else the machine does falls on all alike. The site
itself knows nothing of it. The transaction around a request stays in all three.
"""

import os
import random
import statistics
import sys
import tempfile
import time

ROWS = 100
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 100
PAGES = ["today/", "journal/", "evidence/", "progress/"]


def main() -> None:
    """Print a line a page: median milliseconds, and what each protection adds (median of the paired differences)."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import arms, measuring

        measuring.prepare(ROWS)
        client = measuring.clients["signed in"]
        turns = arms.make()
        print(f"{'page':<12}{'as it is':>10}{'row security':>14}{'sealing':>10}   (ms, median of {TIMES})")
        for page in PAGES:
            took = {arm: [] for arm in turns}
            for _ in range(TIMES + 5):
                for arm in random.sample(turns, len(turns)):
                    with arm():
                        took[arm].append(milliseconds(client, f"/nl/{page}"))
            whole, *others = (times[5:] for times in took.values())  # the first ones warm up
            adds = [statistics.median(a - b for a, b in zip(whole, other, strict=True)) for other in others]
            print(f"{page:<12}{statistics.median(whole):>10.2f}{adds[0]:>14.2f}{adds[1]:>10.2f}", flush=True)


def milliseconds(client: object, path: str) -> float:
    """How long one page takes; it must succeed."""
    began = time.perf_counter()
    status = client.get(path).status_code
    took = time.perf_counter() - began
    assert status == 200, status
    return 1000 * took


if __name__ == "__main__":
    main()
