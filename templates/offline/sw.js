// The service worker: what everybody may read is there without a connection, in the language in use.
// It keeps the pages of a visitor, fetched without cookies. Nothing of a person is stored here or answered from here.
const told = {{ told|safe }};

const PAGES = "pages-"; // caches: pages-<version>-<language>
const name = (language) => `${PAGES}${told.version}-${language}`;
const SIGNED_IN = "signed-in"; // a mark: someone signed in on this device (made by site.js)
const LEFT = "left"; // a mark: someone left without a connection, and the session has still to be ended
const AWAY = [502, 503, 504];
const PATIENCE = 4000; // ms
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// Keeping. All pages and the files that they name, or nothing: the offline page goes in last.
// Each file is found in the page itself, so that a page always has its own.
const FILE = new RegExp(`${told.files}[^"'\\s]+\\.[0-9a-f]{12}\\.\\w+`, "g");

async function fill() {
  const last = told.offline[told.language];
  if (await caches.has(LEFT) || await caches.match(last, { cacheName: name(told.language), ignoreVary: true })) return;
  const all = new Map();
  for (const address of told.pages) {
    const answer = await got(address, "no-cache");
    const text = await answer.text();
    for (const [file] of text.matchAll(FILE)) if (!all.has(file)) all.set(file, await got(file, "default"));
    all.set(address, html(text.replace("<html ", "<html data-kept "), answer));
  }
  const cache = await caches.open(name(told.language));
  const end = all.get(last);
  all.delete(last);
  await Promise.all([...all].map((pair) => cache.put(...pair)));
  await cache.put(last, end);
}

async function got(address, cache) {
  const answer = await fetch(address, { cache, credentials: "omit", redirect: "error" });
  if (answer.status !== 200) throw new Error(address);
  return answer;
}

function html(text, { headers }, status = 200) {
  headers = new Headers(headers);
  headers.delete("Content-Encoding"); // of what came over the wire
  headers.delete("Content-Length");
  headers.delete("Speculation-Rules"); // nothing to fetch ahead: it is here
  return new Response(text, { status, headers });
}

// Taking over at once. A page that is open goes on with its own files: they have the version in their name, so any
// cache may answer for them, and those of the version before stay until the next. Pages come from this version alone.
async function takeOver() {
  const others = (await caches.keys()).filter((each) => each.startsWith(PAGES) && !each.startsWith(name("")));
  const before = others.at(-1)?.replace(/\w+$/, "");
  await Promise.all(others.filter((each) => !each.startsWith(before)).map((each) => caches.delete(each)));
  await clients.claim();
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(fill());
});
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("message", (event) => event.data === "fill" && event.waitUntil(fill().catch(() => null)));

// Answering: pages, and files with a version in their name. All else goes its own way.
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, url));
  else if (request.method === "GET" && url.pathname.match(FILE)) {
    event.respondWith(caches.match(request.url, { ignoreVary: true }).then((file) => file ?? fetch(request)));
  }
});

async function page(request, url) {
  if (url.pathname === told.leave) return leave(request);
  if (await caches.has(LEFT) && !(await end(told.leave))) return Response.error();
  return request.method === "GET" ? read(request, url) : send(request, url);
}

// A visitor's page at once; for who is signed in it stands in only where the network fails.
async function read(request, url) {
  const kept = await caches.match(url, { cacheName: name(languageOf(url)), ignoreVary: true });
  const visitor = !(await caches.has(SIGNED_IN));
  if (visitor && kept) return kept;
  if (visitor && request.url === `${location.origin}/`) return Response.redirect(told.pages[0]);
  const network = fetch(request).then((answer) => fit(answer, kept), () => null);
  const answer = await (kept ? Promise.race([network, wait(PATIENCE)]) : network);
  return answer ?? kept ?? offline(url, (text) => text);
}

// What was being sent and did not arrive is shown, to be sent again; it is in that page and nowhere else.
async function send(request, url) {
  const copy = request.clone();
  const answer = await fetch(request).then((answer) => fit(answer, false), () => null);
  if (answer) return answer;
  const sent = [...await copy.formData().catch(() => [])].filter(([field]) => !told.typed.secret.includes(field));
  const wishes = await caches.match("/", { cacheName: SIGNED_IN }).then((answer) => answer?.text());
  const files = sent.some(([, value]) => value instanceof File);
  const form = `action="${plain(url.pathname + url.search)}"${files ? ' enctype="multipart/form-data"' : ""} data-lost`;
  return offline(url, (text) => text
    .replace("<html ", `<html ${wishes?.includes("blur") ? "data-blur " : ""}${wishes?.includes("pin") ? "data-covers " : ""}`)
    .replace("data-lost hidden", () => form)
    .replace("data-not-lost", "hidden")
    .replace("<!-- fields -->", () => sent.map((pair) => field(...pair, told.words[languageOf(url)])).join("")));
}

function field(called, value, words) {
  const named = `name="${plain(called)}"`;
  if (value instanceof File) return `<p class="field"><label>${plain(words.file)} <input type="file" ${named}></label></p>`;
  const { address, short, hidden } = told.typed;
  const typed = !hidden.includes(called) && (address.includes(called) || value.length > short || value.trim().includes(" "));
  return typed
    ? `<textarea ${named} rows="5" aria-label="${plain(words.typed)}">\n${plain(value)}</textarea>`
    : `<input type="hidden" ${named} value="${plain(value)}">`;
}

// A proxy that says that the site is away is no answer; the site itself may say so, where nothing else is there to read.
function fit(answer, kept) {
  return AWAY.includes(answer.status) && (kept || !answer.headers.has("Permissions-Policy")) ? null : answer;
}

async function offline(url, change) {
  const language = languageOf(url);
  for (const each of [language, told.language]) {
    const kept = await caches.match(told.offline[each], { cacheName: name(each), ignoreVary: true });
    if (!kept) continue;
    const answer = html(change(await kept.text()), kept, 503);
    answer.headers.set("Cache-Control", "no-store"); // the words that were being sent stay in no cache
    return answer;
  }
  return Response.error();
}

const languageOf = (url) => Object.keys(told.offline).find((each) => url.pathname.startsWith(`/${each}/`)) ?? told.language;
const plain = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt()};`);

// Leaving: out at once, also without a connection. Then the session is ended before anything else is asked for.
async function leave(request) {
  await caches.open(LEFT);
  const wiped = wipe();
  const answer = await Promise.race([end(request), wait(PATIENCE)]);
  await wiped;
  return answer ?? Response.redirect(told.exit, 303);
}

async function end(request) {
  const asked = typeof request === "string" ? { redirect: "manual" } : undefined; // a page's own request is so already
  const answer = await fetch(request, asked).catch(() => null);
  if (answer?.type !== "opaqueredirect") return null;
  await caches.delete(LEFT);
  await registration.unregister();
  return answer;
}

async function wipe() {
  const kept = (await caches.keys()).filter((each) => each !== LEFT);
  const stores = await indexedDB.databases?.() ?? [{ name: "kept" }];
  await Promise.all([...kept.map((each) => caches.delete(each)), ...stores.map((each) => gone(each.name))]);
}

function gone(store) {
  const asked = indexedDB.deleteDatabase(store);
  return new Promise((done) => { asked.onsuccess = asked.onerror = asked.onblocked = done; });
}

// A reminder (exercises/reminders/push.py): neutral words, in place of the one before. A tap opens the start page.
addEventListener("push", (event) => {
  const { title, body } = event.data.json();
  const icon = "{% static 'icons/note-192.png' %}";
  event.waitUntil(registration.showNotification(title, { body, icon, tag: "reminder" }));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow("/"));
});
