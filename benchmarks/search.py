"""How long search takes on the course 200 times over, as many names. `make` first, then `python -m benchmarks.search`.

Measured in this process on a throw-away database: what a visitor asks, from request to page.
"""

import os
import tempfile

TIMES = 200
ROUNDS = 25
ASKED = {
    "nl": [
        "schaamte",
        "cafe",
        "eerlijk zijn",
        "gekend worden",
        "je angst delen",
        "shcaamte",
        "handrem friet",
        "qqqqqq",
    ],
    "en": ["shame", "knife", "someone you trust", "people", "vunlerable"],
}


def main() -> None:
    """Print one line for each thing to look for."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import searching

        print(f"{searching.prepare(TIMES)} passages")
        print(f"{'asked':<28}{'found':>6}{'offered':>28}{'median':>9}{'slowest':>9}   (ms)")
        for language, queries in ASKED.items():
            for asked in queries:
                print(searching.line(language, asked, ROUNDS), flush=True)


if __name__ == "__main__":
    main()
