"""What a page costs: database statements, compressed bytes, requests. `make` first, then `python -m benchmarks.pages`.

Measured in this process on a throw-away database, with one guest who has used the site for `ROWS` days.
"""

import os
import tempfile

ROWS = 100
PAGES = {
    "visitor": ["", "read/", "read/dimmer/", "exercises/dimmer/", "help/"],
    "signed in": [
        *("today/", "read/", "read/dimmer/", "dimmer/", "people/"),
        *("feeling/", "journal/", "journal/new/", "evidence/", "progress/"),
    ],
}


def main() -> None:
    """Print one line a page."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import measuring

        measuring.prepare(ROWS)
        print(f"{'page':<28}{'who':<12}{'statements':>10}{'html':>8}{'all':>8}{'requests':>10}   (bytes, compressed)")
        for who, paths in PAGES.items():
            for path in paths:
                print(measuring.line(who, f"/nl/{path}"), flush=True)


if __name__ == "__main__":
    main()
