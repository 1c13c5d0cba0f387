"""What hostile requests are made of, and how to see in a page that it let any of it through."""

import re
from html.parser import HTMLParser
from typing import Any

OURS = "lighthouse"  # stands in what the person wrote who sends the requests
THEIRS = "pearblossom"  # in what someone else wrote, whom no answer may quote

MARKUP = [
    "<pwn>", "<script>pwn()</script>", '"><pwn x="', "'><pwn x='", '" onpwn="1', "' onpwn='1", "</textarea><pwn>", "</title><pwn>",
    "</script><pwn>", "--><pwn>", "]]><pwn>", "<svg/onload=pwn()>", "<img src=x onerror=pwn()>", "<a href=javascript:pwn()>x</a>",
    "<style>pwn{}</style>", "<iframe srcdoc='<pwn>'>", "<!--<pwn>", "<plaintext>", "&lt;pwn&gt;", "&#60;pwn&#62;", "<pwn\x00>", "<\u200bpwn>",
    "javascript:pwn()", "data:text/html,<pwn>", "//pwn.example/", "https://pwn.example/", "/\\pwn.example", "[x](javascript:pwn())",
]  # fmt: skip
CODE = [
    "{{ 7|add:7 }}", "{% debug %}", "{{ request.user.return_code }}", "${7*7}", "#{7*7}", "%s%n%d", "{0.__class__}", "%(pwn)s", "{pwn}",
    "' OR 1=1 --", "'; DROP TABLE accounts_user; --", "\\'; SELECT pg_sleep(9); --", "1); SET app.user_id = '{malik}'; --", "$$", "\\",
    "`id`", "$(id)", "| id", "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "C:\\boot.ini", "file:///etc/passwd", '{"a": [', "[]", "__proto__",
    "x\r\nSet-Cookie: pwn=1", "x\nLocation: https://pwn.example", "%0d%0aSet-Cookie:%20pwn=1", "(?R)*+(a+)+$", "*/*;q=", "\ud800", "a\udfffb",
]  # fmt: skip
ODD = [
    "", " ", "\x00", "a\x00b", "\x1b[2J", "\x7f\x80\x9f", "\u202e\u2066\u2069\u200f", "\ufeff\ufffe\uffff", "e" + "\u0301" * 300, "\U0001f642" * 50,
    "ﷺ" * 100, "İıŞß", "x" * 300, "x" * 70_000, "\n" * 5_000, "x " * 30_000, "٣", "Ⅷ", "½", "-1", "1e309", "-0", "0x10", "1_0", "9" * 400, "NaN", "Infinity",
    "0001-01-01", "9999-12-31", "2026-02-30", "2026-W01-1", "20260102", "-2026-01-02", "12:61", "1970-01-01T00:00:00+99:99", "00000000-0000-0000-0000-000000000000",
    "{{{00000000-0000-0000-0000-000000000000}}}", "urn:uuid:00000000-0000-7000-8000-000000000000", "on", "true", "None", "null", "undefined", "[object Object]",
]  # fmt: skip
HEADERS = {
    "Accept-Language": ["x" * 5_000, "en;q=nan", ",".join(["xx-yy;q=0.1"] * 400), "*;q=-1", "\udcff", "../../nl", "nl\x00"],
    "Cookie": ["session=", "session=" + "x" * 5_000, "session=\x00", "csrf=x; csrf=y; session='; DROP", "=;=;", "session=\u20ac", "messages=[[", "__Host-session=x"],
    "X-Forwarded-For": ["1.2.3.4, <pwn>", "::1%pwn", "x" * 3_000, "' OR 1=1"],
    "X-Forwarded-Proto": ["https", "pwn"],
    "X-Forwarded-Host": ["pwn.example"],
    "X-HTTP-Method-Override": ["DELETE", "pwn"],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 9999999 00:00:00 GMT", "Mon, 31 Feb 2026 99:99:99 GMT", "x" * 2_000],
    "If-None-Match": ['"', "*", 'W/"x"' * 300, "\x00"],
    "If-Unmodified-Since": ["pwn"],
    "Range": ["bytes=-1", "bytes=0-0,1-1," * 200, "pwn=1"],
    "Accept": ["*/*;q=" * 300, "application/json", "text/\x00"],
    "Accept-Encoding": ["gzip;q=pwn, br;q=-1, *"],
    "Referer": ["https://pwn.example/<pwn>", "about:blank", "\x00"],
    "Origin": ["null", "https://pwn.example", "\x00"],
    "User-Agent": ["<pwn>", "", "x" * 9_000],
    "HX-Request": ["true", "<pwn>"],
    "HX-Current-URL": ["https://pwn.example/<pwn>", "http://[", "http://testserver/en/%ff"],
    "HX-Current-URL-URI-AutoEncoded": ["true"],
    "HX-Target": ["<pwn>"],
    "HX-Prompt": ["<pwn>"],
    "HX-Triggering-Event": ["{", "<pwn>"],
    "Content-Length": ["-1", "pwn", "0", "99999999999"],
    "Host": ["pwn.example", "127.0.0.1:99999", "<pwn>", "", "127.0.0.1@pwn.example", "[::1", "localhost\x00"],
}  # fmt: skip
TYPES = [
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=hex",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=pwn", "multipart/form-data; boundary=pwn; charset=hex",
    "multipart/form-data; boundary=pwn; charset=utf-16", "multipart/form-data; boundary=pwn; charset=idna", "multipart/form-data; boundary=" + "x" * 300,
    "multipart/mixed; boundary=pwn", "application/json", "text/plain", "text/xml", "application/csp-report", "pwn", "", "/;=", "text/html; charset=\x00",
    "multipart/form-data; boundary=\x00", "multipart/form-data; boundary*=utf-8''pwn", "multipart/form-data; boundary*=pwn''%ff",
]  # fmt: skip
PARTS = [
    b"--pwn\r\n", b"--pwn--\r\n", b"--pwn", b"\r\n\r\n", b"\r\n", b"x" * 2_000, b"\xff\xfe\xed\xa0\x80", b"\x00", b"a=1&a=2&a", b"&" * 300, b"%ff=%ed%a0%80&%00=%",
    b'Content-Disposition: form-data; name="body"\r\n', b'Content-Disposition: form-data; name="body"; filename="../../pwn"\r\nContent-Type: text/html\r\n',
    b"Content-Disposition: form-data; name*=utf-8''%ff\r\n", b"Content-Disposition: form-data; name*=hex''%ff\r\n", b"Content-Disposition: form-data; name=\xff\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: pwn\r\n", b"=\r\n!!!!", b'{"body": "<pwn>"}', b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY p SYSTEM 'file:///etc/passwd'>]><x>&p;</x>",
    b"Content-Disposition: form-data; name=" + b"x" * 3_000 + b"\r\n", b"Content-Disposition: attachment\r\n", b"Content-Type: multipart/mixed; boundary=in\r\n",
]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PWN"]
NAMES = [  # what addresses of ours ask for
    "next", "before", "kind", "person", "level", "exercise", "module", "prompt", "attempt", "edit", "done", "draft",
    "q", "page", "id", "choice", "format", "too_much", "dimmer", "piece", "like", "read", "sharing",
]  # fmt: skip
AWAY = re.compile(r"\s*(javascript:|data:|[/\\]{2}|https?:[/\\]*pwn)", re.I)


class Answer(HTMLParser):
    """Whether anything on a page came into being from what was sent."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[Any] = []
        self.script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.script = tag == "script" and given.get("type") != "application/json" and "src" not in given
        odd = [
            name
            for name in given
            if name.startswith("on") or name in {"style", "srcdoc", "http-equiv", "pwn"} or '"' in name or "<" in name
        ]
        leads = [given[name] for name in ("href", "src", "action", "formaction") if name in given]
        away = [to for to in leads if AWAY.match(to)]
        if "pwn" in tag or tag in {"style", "iframe", "base", "object", "embed", "plaintext"} or odd or away:
            self.wrong.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        if self.script and data.strip():
            self.wrong.append(("script", data))
