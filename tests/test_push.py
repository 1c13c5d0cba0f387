"""Reminders as notifications: who may be told where they go, what travels, what a real browser shows of it.

The push services of the browsers' makers cannot be reached from a test. Here a server on this machine stands in for them: it
checks the site's signature (RFC 8292) and opens the message as a browser would (RFC 8291, by the library http_ece).
"""

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.testcases import LiveServerThread
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from exercises.records.rowsecurity import acting_as
from exercises.reminders import push, sending
from exercises.reminders.devices import AT_MOST, is_push_service, public_key
from exercises.reminders.models import Channel, Device, Reminder
from exercises.reminders.outcomes import Outcome
from tests.conftest import signed_in
from tests.e2e import whole_browser
from tests.running import free_port, manage

STORE, PAGE = "/en/privacy/reminders/device/", "/en/privacy/reminders/"
browser = whole_browser  # shows notifications
OURS = "A reminder you set yourself."
committed = pytest.mark.django_db(transaction=True)


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


KEY = text(bytes(range(1, 33)))


class Browser:
    """What a browser keeps of one subscription, and what came for it."""

    def __init__(self, service: "Service") -> None:
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self.path = f"/send/{text(os.urandom(24))}"
        self.endpoint = f"{service.url}{self.path}"
        service.browsers[self.path] = self
        self.shown: list[dict[str, str]] = []

    @property
    def subscription(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": text(point), "auth": text(self.auth)}


class Service(ThreadingHTTPServer):
    """A push service: takes what is signed by the site that it was subscribed for, and hands it to the browser."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.browsers: dict[str, Browser] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.says: dict[str, int | str] = {}  # instead, by path: a status, an address to go to, "hang up", or "hang"
        self.awake = Event()  # until then "hang" says nothing


class Asked(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        says = self.server.says.get(self.path, 201)
        if says == 201:
            assert signed_for(self.headers["Authorization"], self.server.url)
            browser = self.server.browsers[self.path]
            plain = http_ece.decrypt(content, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
            browser.shown.append(json.loads(plain))
        if says == "hang up":
            return self.connection.close()
        if says == "hang":
            self.server.awake.wait(20)
            return self.connection.close()
        self.send_response(307 if isinstance(says, str) else says)
        if isinstance(says, str):
            self.send_header("Location", says)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def signed_for(authorization: str, audience: str) -> bool:
    """Whether this is the site's own signature for that service, for at most a day (RFC 8292)."""
    given = dict(part.strip().split("=", 1) for part in authorization.removeprefix("vapid ").split(","))
    head, claims, signature = given["t"].split(".")
    assert given["k"].rstrip("=") == public_key(KEY)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(given["k"]))
    sides = [int.from_bytes(raw(signature)[:32]), int.from_bytes(raw(signature)[32:])]
    key.verify(encode_dss_signature(*sides), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    said = json.loads(raw(claims))
    assert said["sub"] == f"mailto:{site.DEFAULT_FROM_EMAIL}"
    return said["aud"] == audience and time.time() < said["exp"] <= time.time() + 24 * 60 * 60


@pytest.fixture
def service(settings) -> Iterator[Service]:
    settings.PUSH_KEY, settings.PUSH_HOSTS = KEY, ["127.0.0.1"]
    with Service() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def reminded(guest) -> Callable[..., Reminder]:
    def make(**fields: Any) -> Reminder:
        user = guest("en")
        user.time_zone = f"Etc/GMT{timezone.now().hour - 12:+d}"  # about noon there: no test crosses a midnight
        user.save(update_fields=["time_zone"])
        due = timezone.now() - timedelta(minutes=1)
        wish = {"on": True, "channel": Channel.PUSH, "weekdays": [0, 1, 2, 3, 4, 5, 6], "hour": 12, "due_at": due}
        with acting_as(user.pk):
            return Reminder.objects.create(user=user, **wish | fields)

    return make


def has(row: Reminder, *browsers: Browser) -> None:
    for browser in browsers:
        assert signed_in(row.user).post(STORE, browser.subscription).json() == {"stored": True}


def devices(user) -> list[str]:
    with acting_as(user.pk):
        return [device.endpoint for device in user.devices.order_by("pk")]


def again(row: Reminder) -> Reminder:
    with acting_as(row.user_id):
        return Reminder.objects.select_related("user").get(pk=row.pk)


# What travels


@committed
def test_each_device_shows_the_words_and_nothing_else_and_only_it_can_read_them(reminded, service):
    row = reminded(message="Water the plants")
    phone, laptop = Browser(service), Browser(service)
    has(row, phone, laptop)
    assert sending.send_due(20) == {Outcome.SENT: 1}
    assert phone.shown == laptop.shown == [{"title": "Notes", "body": "Water the plants"}]
    assert again(row).unanswered == 1
    assert sending.send_due(20) == {}
    for _path, headers in service.asked:
        assert headers["ttl"] == "10800"
        assert headers["urgency"] == "normal"
        assert headers["content-encoding"] == "aes128gcm"
        assert not any(str(row.user_id) in value or "referer" in name for name, value in headers.items())


@committed
def test_the_third_without_a_visit_says_that_it_is_the_last_for_now(reminded, service):
    row = reminded(unanswered=2)
    phone = Browser(service)
    has(row, phone)
    sending.send_due(20)
    assert phone.shown == [
        {
            "title": "Notes",
            "body": f"{OURS}\nThis is the last reminder for now. You can switch them on again whenever you like.",
        }
    ]
    assert again(row).paused_at


@committed
@pytest.mark.parametrize("gone", [404, 410])
def test_a_device_that_is_no_more_is_forgotten_and_the_others_still_show_it(reminded, service, gone):
    row, phone, laptop = reminded(), Browser(service), Browser(service)
    has(row, phone, laptop)
    service.says[phone.path] = gone
    assert sending.send_due(20) == {Outcome.SENT: 1}
    assert devices(row.user) == [laptop.endpoint]
    assert len(laptop.shown) == 1


@committed
def test_who_has_no_device_hears_so_on_the_page_and_is_reminded_from_the_next_day_that_there_is_one(reminded, service):
    row, phone = reminded(), Browser(service)
    nowhere = "But no device shows them yet."
    assert nowhere in signed_in(row.user).get(PAGE).text
    assert sending.send_due(20) == {Outcome.NOBODY: 1}
    assert timedelta(0) < again(row).due_at - timezone.now() < timedelta(days=1)
    has(row, phone)
    page = signed_in(row.user).get(PAGE).text
    assert nowhere not in page
    assert "Next: " in page
    put_due(row)
    assert sending.send_due(20) == {Outcome.SENT: 1}


@committed
def test_a_host_without_the_key_leaves_them_to_one_that_has_it_and_the_page_names_a_day_to_come(
    reminded, service, settings
):
    row, phone = reminded(), Browser(service)
    has(row, phone)
    before, settings.PUSH_KEY = again(row), ""
    assert sending.send_due(20) == {}
    assert (again(row).due_at, again(row).claim) == (before.due_at, None)
    assert "can’t reach you this way" in signed_in(row.user).get(PAGE).text
    assert again(row).next_at(timezone.now()) > timezone.now()
    settings.PUSH_KEY = KEY
    assert sending.send_due(20) == {Outcome.SENT: 1}


@committed
@pytest.mark.parametrize("status", [401, 403])
def test_a_subscription_for_another_key_counts_as_sent_so_that_the_third_pauses(reminded, service, status):
    row, phone = reminded(unanswered=2), Browser(service)
    has(row, phone)
    service.says[phone.path] = status
    assert sending.send_due(20) == {Outcome.REFUSED: 1}
    assert again(row).paused_at
    assert devices(row.user) == [phone.endpoint], "a site that lost its key for a day forgets nobody"


@committed
def test_a_service_that_hangs_is_waited_for_once_in_a_run(reminded, service, monkeypatch):
    monkeypatch.setattr(push, "WAIT", 0.5)
    first, second = reminded(), reminded()
    for row in (first, second):
        has(row, phone := Browser(service))
        service.says[phone.path] = "hang"
    assert sending.send_due(20) == {Outcome.UNKNOWN: 1, Outcome.NOT_TAKEN: 1}
    assert len(service.asked) == 1
    service.awake.set()


@committed
@pytest.mark.parametrize(
    ("says", "outcome"),
    [(429, Outcome.NOT_TAKEN), (503, Outcome.NOT_TAKEN), (400, Outcome.NOT_TAKEN), ("hang up", Outcome.UNKNOWN)],
)
def test_what_the_service_does_not_take_is_tried_again_later_and_what_it_may_have_taken_is_not(
    reminded, service, says, outcome
):
    row, phone = reminded(), Browser(service)
    has(row, phone)
    service.says[phone.path] = says
    assert sending.send_due(20) == {outcome: 1}
    assert (again(row).sent_on is None) == (outcome is Outcome.NOT_TAKEN)
    assert devices(row.user) == [phone.endpoint]


@committed
def test_a_service_that_is_away_is_tried_again_later(reminded, service):
    row, phone = reminded(), Browser(service)
    phone.endpoint = f"http://127.0.0.1:{free_port()}/send/x"
    has(row, phone)
    assert sending.send_due(20) == {Outcome.NOT_TAKEN: 1}
    assert again(row).sent_on is None


@committed
def test_no_answer_of_a_service_leads_the_site_anywhere_else(reminded, service):
    row, phone, inner = reminded(), Browser(service), Browser(service)
    has(row, phone)
    service.says[phone.path] = inner.endpoint
    assert sending.send_due(20) == {Outcome.NOT_TAKEN: 1}
    assert [path for path, _headers in service.asked] == [phone.path]


@committed
def test_an_address_that_is_none_of_the_services_any_more_is_never_asked(reminded, service, settings):
    row, phone = reminded(), Browser(service)
    has(row, phone)
    settings.PUSH_HOSTS = ["fcm.googleapis.com"]
    assert sending.send_due(20) == {Outcome.REFUSED: 1}
    assert service.asked == []
    assert devices(row.user) == []


# Where it may go


@pytest.mark.parametrize(
    "address",
    [
        "https://fcm.googleapis.com/fcm/send/abc:DEF-_",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA_-",
        "https://web.push.apple.com/QGuQ=",
        "https://wns2-par02p.notify.windows.com/w/?token=BQY%3d%2b",
        "https://fcm.googleapis.com:443/x",
    ],
)
def test_the_services_of_the_browsers_are_known(address):
    assert is_push_service(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://fcm.googleapis.com/x", "https://127.0.0.1/x", "http://127.0.0.1:8000/x", "http://localhost/x", "https://[::1]/x", "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data/", "https://fcm.googleapis.com@127.0.0.1/x", "https://127.0.0.1#.push.apple.com/", "https://127.0.0.1\\.push.apple.com/",
        "https://evilfcm.googleapis.com/x", "https://fcm.googleapis.com.evil.org/x", "https://push.apple.com.evil.org/", "https://evil.org/?https://fcm.googleapis.com/x",
        "https://evilpush.apple.com/", "https://fcm.googleapis.com:8080/x", "https://fcm.googleapis.com/x\n", "https://fcm.googleapis.com/x y", "https://FCM.googleapis.com\u3002evil.org/",
        "file:///etc/passwd", "gopher://fcm.googleapis.com/", "//fcm.googleapis.com/x", "", "x" * 501,
    ],
)  # fmt: skip
def test_nothing_else_is(address):
    assert not is_push_service(address)


@given(
    st.text(max_size=60)
    | st.from_regex(
        r"https://[a-z.@:#\\/%0-9]{1,30}(fcm\.googleapis\.com|\.push\.apple\.com)[a-z.@:#\\/%]{0,9}", fullmatch=True
    )
)
@example("https://a.push.apple.com\\@127.0.0.1/")
def test_whatever_is_taken_for_a_service_has_the_host_of_one_for_every_reader(address):
    if is_push_service(address):
        host = urlsplit(address).hostname or ""
        assert host == "fcm.googleapis.com" or host.endswith(
            (".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
        )
        assert urlsplit(address).port in (None, 443)
        assert urlsplit(address).username is None


def test_over_http_only_on_this_machine_and_never_on_a_site_for_others(settings):
    settings.PUSH_HOSTS = ["127.0.0.1", "example.org"]
    assert is_push_service("http://127.0.0.1:9/x")
    assert not is_push_service("http://example.org/x")
    settings.PRODUCTION = True
    assert not is_push_service("http://127.0.0.1:9/x")
    assert not is_push_service("https://127.0.0.1:9/x")


# The devices of a person


def test_a_device_is_stored_once_whatever_was_clicked_and_can_be_taken_away(emma, as_emma, service):
    phone = Browser(service)
    for _ in range(2):
        assert as_emma.post(STORE, phone.subscription).json() == {"stored": True}
    assert devices(emma) == [phone.endpoint]
    assert as_emma.post(STORE, {"endpoint": phone.endpoint, "remove": "on"}).json() == {"stored": True}
    assert devices(emma) == []


def test_a_sixth_device_takes_the_place_of_the_oldest(emma, as_emma, service):
    browsers = [Browser(service) for _ in range(AT_MOST + 2)]
    for browser in browsers:
        as_emma.post(STORE, browser.subscription)
    assert devices(emma) == [browser.endpoint for browser in browsers[2:]]


def test_a_browser_learns_whether_the_site_knows_it_as_this_persons(as_emma, as_malik, emma, malik, service):
    phone = Browser(service)
    as_emma.post(STORE, phone.subscription)
    asked = {"endpoint": phone.endpoint, "ask": "on"}
    assert as_emma.post(STORE, asked).json() == {"stored": True}
    assert as_malik.post(STORE, asked).json() == {"stored": False}
    assert (devices(emma), devices(malik)) == ([phone.endpoint], [])


@pytest.mark.parametrize(("page", "sent"), [("/en/account/sign-out/", {"everywhere": "on"}), ("/en/account/code/", {})])
def test_signing_out_everywhere_and_a_new_return_code_end_the_notifications_too(emma, as_emma, service, page, sent):
    as_emma.post(STORE, Browser(service).subscription)
    assert as_emma.post(page, sent).status_code in (200, 302)
    assert devices(emma) == []


def test_ending_another_session_ends_the_notifications_too(emma, as_emma, service):
    as_emma.post(STORE, Browser(service).subscription)
    signed_in(emma)
    as_emma.post("/en/account/sessions/", {"which": "others"})
    assert devices(emma) == []


def test_where_nobody_is_signed_in_only_the_devices_of_that_person_are_forgotten(
    emma, malik, as_emma, as_malik, service
):
    mine, other = Browser(service), Browser(service)
    as_emma.post(STORE, mine.subscription)
    as_malik.post(STORE, other.subscription)
    emma.end_sessions()
    assert (devices(emma), devices(malik)) == ([], [other.endpoint])


def test_storing_a_device_holds_up_nothing_else_that_the_person_stores(as_emma, service):
    with CaptureQueriesContext(connection) as queries:
        as_emma.post(STORE, Browser(service).subscription)
    locks = [query["sql"] for query in queries if query["sql"].endswith("UPDATE")]
    assert locks
    assert all(lock.endswith("FOR NO KEY UPDATE") for lock in locks)


def test_the_script_is_loaded_once(reminded, service):
    page = signed_in(reminded().user).get(PAGE).text
    assert len(re.findall(r"<script[^>]*/push\.", page)) == 1


def test_nobody_takes_away_the_device_of_someone_else(emma, as_emma, as_malik, service):
    phone = Browser(service)
    as_emma.post(STORE, phone.subscription)
    as_malik.post(STORE, {"endpoint": phone.endpoint, "remove": "on"})
    assert devices(emma) == [phone.endpoint]


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "https://evil.org/x"},
        {"endpoint": ""},
        {"p256dh": "x"},
        {"p256dh": text(bytes(65))},
        {"auth": ""},
        {"auth": "!"},
        {"auth": text(bytes(15))},
        {"p256dh": "é"},
    ],
)
def test_what_is_no_subscription_is_not_stored(emma, as_emma, service, change):
    assert as_emma.post(STORE, Browser(service).subscription | change).status_code == 400
    assert devices(emma) == []


@committed
def test_where_it_goes_is_sealed(emma, as_emma, service):
    phone = Browser(service)
    as_emma.post(STORE, phone.subscription)
    stored = Device.objects.using("owner").values_list("endpoint", "keys").get()
    assert not any(
        word.encode() in b"".join(map(bytes, stored)) for word in (phone.path, phone.subscription["auth"], "127.0.0.1")
    )


def test_without_a_key_of_the_site_there_is_no_such_way(emma, as_emma, settings):
    assert not settings.PUSH_KEY
    assert as_emma.post(STORE, {}).status_code == 404
    assert 'value="push"' not in as_emma.get(PAGE).text
    settings.PUSH_KEY = KEY
    assert 'value="push"' in as_emma.get(PAGE).text


def test_a_key_that_is_none_stops_the_start_with_one_sentence(tmp_path):
    asked = manage(tmp_path, "check", KWETSBAAR_PUSH_KEY="too short")
    assert asked.returncode != 0
    assert "KWETSBAAR_PUSH_KEY: 32 bytes in base64" in asked.stderr
    assert ImproperlyConfigured.__name__ in asked.stderr or "\n" not in asked.stderr.strip()


# In a browser

STAND_IN = """
// Stands in for the service of the browser's maker alone, which no test can reach. All else is the real browser.
const subscription = ({ endpoint, p256dh, auth }, key) => ({
  options: { applicationServerKey: Uint8Array.from(key).buffer },
  toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
  unsubscribe: async () => { subscribed = null; return true; },
});
let subscribed = LEFT ? subscription(GIVEN, LEFT) : null;
PushManager.prototype.getSubscription = async () => subscribed;
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  window.subscribedWith = { userVisibleOnly, key: [...applicationServerKey] };
  return subscribed = subscription(GIVEN, applicationServerKey);
};
"""


@pytest.fixture
def here(transactional_db) -> Iterator[str]:
    """This very site, with the settings of a test, for a browser; its files come as they do on the real one."""
    thread = LiveServerThread("localhost", lambda application: application)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None
    yield f"http://localhost:{thread.port}"
    thread.terminate()


@committed
def test_a_tap_lets_this_device_show_them_and_a_tap_on_it_leads_to_the_start_page(here, browser, reminded, service):
    """From the tap to the site, the service and back into the worker of a real Chromium."""
    row, phone = reminded(message="Water the plants"), Browser(service)
    context = browsing(browser, here, row, phone)
    page = context.new_page()
    page.goto(f"{here}{PAGE}")
    assert devices(row.user) == [], "only after a tap"
    page.get_by_role("button", name="Show them on this device").click()
    page.get_by_text("This device shows your reminders.").wait_for()
    assert not page.get_by_text("But no device shows them yet.").is_visible()
    assert devices(row.user) == [phone.endpoint]
    assert page.evaluate("window.subscribedWith") == {"userVisibleOnly": True, "key": list(raw(public_key(KEY)))}

    put_due(row)
    assert sending.send_due(20) == {Outcome.SENT: 1}
    [shown] = phone.shown
    deliver(context, page, here, json.dumps(shown))
    notices = "navigator.serviceWorker.ready.then((it) => it.getNotifications())"
    page.wait_for_function(f"async () => (await {notices}).length === 1")
    [notice] = page.evaluate(
        f"{notices}.then((all) => all.map(({{ title, body, tag, icon }}) => ({{ title, body, tag, icon: new URL(icon).pathname }})))"
    )
    assert notice.pop("icon").startswith("/static/icons/note-192")
    assert notice == {"title": "Notes", "body": "Water the plants", "tag": "reminder"}
    deliver(context, page, here, json.dumps({"title": "Notes", "body": OURS}))
    page.wait_for_function(
        f"async () => {{ const all = await {notices}; return all.length === 1 && all[0].body === '{OURS}'; }}"
    )

    page.get_by_role("button", name="Stop the reminders").click()
    page.wait_for_url(f"**{PAGE}")
    page.get_by_text("Your reminders are off.").wait_for()
    wait_until(lambda: devices(row.user) == [])
    context.close()


def browsing(browser: Any, origin: str, row: Reminder, phone: Browser, left: bytes | None = None) -> Any:
    """A browser in which that person is signed in; with a subscription that was made in it for the key `left`."""
    context = browser.new_context(service_workers="allow")
    context.grant_permissions(["notifications"], origin=origin)
    script = STAND_IN.replace("GIVEN", json.dumps(phone.subscription)).replace("LEFT", json.dumps(left and [*left]))
    context.add_init_script(script)
    cookie = signed_in(row.user).cookies[site.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": site.SESSION_COOKIE_NAME, "value": cookie, "url": origin}])
    return context


@committed
@pytest.mark.parametrize(
    ("whose", "same_key", "shows"), [("mine", True, True), ("mine", False, False), ("other", True, False)]
)
def test_a_browser_that_someone_else_used_or_that_has_another_key_says_that_it_shows_nothing_of_mine(
    here, browser, reminded, service, whose, same_key, shows
):
    row, other, phone = reminded(), reminded(), Browser(service)
    has(row if whose == "mine" else other, phone)
    made_for = raw(public_key(KEY))
    context = browsing(browser, here, row, phone, made_for if same_key else made_for[::-1])
    page = context.new_page()
    page.goto(f"{here}{PAGE}")
    page.evaluate("navigator.serviceWorker.register('/sw.js?language=en').then(() => navigator.serviceWorker.ready)")
    page.reload()
    page.get_by_text(f"This device {'shows' if shows else 'does not show'} your reminders").wait_for()
    kept = "navigator.serviceWorker.ready.then((it) => it.pushManager.getSubscription()).then(Boolean)"
    assert page.evaluate(kept) == shows
    assert devices(other.user) == ([phone.endpoint] if whose == "other" else [])
    context.close()


def put_due(row: Reminder) -> None:
    with acting_as(row.user_id):
        Reminder.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(minutes=1))


def wait_until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def deliver(context: Any, page: Any, origin: str, message: str) -> None:
    """As the browser does when its push service hands it a message."""
    tools = context.new_cdp_session(page)
    known: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(one["registrationId"] for one in event["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    while not known:
        page.wait_for_timeout(50)
    tools.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": known[-1], "data": message})
    tools.detach()
