"""How fast due reminders go out, and whether any goes out twice: `python -m benchmarks.reminders [PEOPLE]` (5000).

On a throw-away database, to a real mail server on this machine that takes everything. Workers are processes, as
`manage.py send_reminders` starts them: one, then two, then two of which one is killed in the middle. What that one had
claimed is then free, as after some minutes, and a further run works it off. Seconds: from the first letter to the last.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
COMMAND = [sys.executable, "manage.py", "send_reminders", "--seconds", "3600"]


def main() -> int:
    """Print a line for each way of running them; 1 where anyone got two."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import reminding

        log, twice = Path(home) / "taken", 0
        with reminding.mail_server(log) as url:
            os.environ["EMAIL_URL"] = url
            reminding.prepare(PEOPLE)
            print(f"{'workers':<24}{'reminders':>10}{'seconds':>9}{'a second':>10}{'twice':>7}{'missing':>9}")
            for workers, killed in ((1, False), (2, False), (2, True)):
                reminding.make_due()
                log.write_text("")
                send(workers, log if killed else None)
                if killed:
                    reminding.let_go()
                    send(1, None)
                figures = reminding.figures(log, PEOPLE)
                name = f"{workers}, one of them killed" if killed else f"{workers}"
                speed = f"{figures.seconds:>9.1f}{figures.sent / figures.seconds:>10.0f}" if not killed else f"{'':>19}"
                print(f"{name:<24}{figures.sent:>10}{speed}{figures.twice:>7}{figures.missing:>9}", flush=True)
                twice += figures.twice
        return int(twice > 0)


def send(workers: int, killed_at: Path | None) -> None:
    """Until so many workers have nothing left to do; one is killed once a third was taken."""
    running = [subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL) for _ in range(workers)]
    if killed_at:
        while killed_at.read_text().count("\n") < PEOPLE / 3 and running[0].poll() is None:
            time.sleep(0.02)
        running[0].kill()
    for one in running:
        one.wait()


if __name__ == "__main__":
    sys.exit(main())
