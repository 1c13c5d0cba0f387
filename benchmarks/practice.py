"""What looking back costs after ten years, a page. `make` first, then `python -m benchmarks.practice`

In this process, on a throw-away database, with one guest who kept 1,000 steps and 3,650 feelings: milliseconds, those
of them that this process was at work (the database's server not counted), statements, bytes before compression.
"""

import os
import statistics
import sys
import tempfile

STEPS, FEELINGS = 1000, 3650
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 30


def main() -> None:
    """Print one line a page: median milliseconds, and how many statements."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import practising

        dimmer = practising.prepare(STEPS, FEELINGS)
        pages = ["today/", "progress/", "progress/predictions/", f"dimmer/{dimmer.pk}/", "dimmer/"]
        head = "".join(f"{name:>12}" for name in ("ms", "ms at work", "statements", "bytes"))
        print(f"{'page':<24}{head}   (median of {TIMES}; {STEPS} steps, {FEELINGS} feelings)")
        for page in pages:
            path = f"/nl/{page}"
            took = [practising.milliseconds(path) for _ in range(TIMES + 3)][3:]  # the first ones warm up
            ms, work = (statistics.median(each) for each in zip(*took, strict=True))
            statements, size = practising.weight(path)
            name = page.replace(str(dimmer.pk), "…")
            print(f"{name:<24}{ms:>12.1f}{work:>12.1f}{statements:>12}{size:>12}", flush=True)


if __name__ == "__main__":
    main()
