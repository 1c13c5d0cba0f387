"""What a download of everything costs: seconds, bytes, memory. `make` first, then `python -m benchmarks.export`.

Measured in this process on a throw-away database, for people who used the site daily for 1, 5 and 10 years. Then one
import of the 10 years into a fresh account.
"""

import os
import tempfile

YEARS = (1, 5, 10)


def main() -> None:
    """Print one line a person."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import exporting

        exporting.prepare()
        head = (
            ("records", 9),
            ("seconds", 9),
            ("cpu", 7),
            ("zip MB", 9),
            ("words MB", 11),
            ("traced MB", 12),
            ("grown MB", 11),
        )
        print(f"{'years':>5}{''.join(f'{name:>{width}}' for name, width in head)}")
        for years in YEARS:
            print(exporting.line(years), flush=True)
        print(exporting.import_line(), flush=True)


if __name__ == "__main__":
    main()
