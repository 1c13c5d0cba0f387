// 'Keep on this device' (exercises/offline/kept.py), only where someone turned it on in this browser: the card and
// today's form without a connection. What is kept and what waits is sealed under a key that this browser never gives
// out. In the clear stand only moments, and a mark that tells one person from another.
const NAME = "kept"; // the database, and an empty cache that tells other pages that it is on
const IDLE = 5 * 60, NOTED_EVERY = 30, FRESH = 5 * 60; // seconds
const SENT = ["waiting", "refused"]; // what is "typed" or a "conflict" waits for the person, "broken" can't be unsealed
const PATIENCE = 15000, PAUSE = 1000; // ms
const NOT_KEPT = ["csrfmiddlewaretoken", "id", "whose", "lock_pin", "carried"]; // fields that are the page's own
const { lang } = document.documentElement;
const find = (path, root = document) => root.querySelector(path);
const now = () => Math.floor(Date.now() / 1000);

function patience() { // AbortSignal.timeout(PATIENCE), which not every browser has that has all the rest
  const mine = new AbortController();
  setTimeout(() => mine.abort(), PATIENCE);
  return mine.signal;
}

// The store. It is made by turning it on, and by nothing else: after a wipe whatever comes late fails.

let opened;

function open(make = false) {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      if (!make) return asked.transaction.abort();
      asked.result.createObjectStore("things");
      asked.result.createObjectStore("queue", { autoIncrement: true });
    };
    asked.onerror = () => fail(asked.error);
    asked.onsuccess = () => {
      asked.result.onversionchange = close; // another page wipes it
      done(asked.result);
    };
  });
  opened.catch(() => { opened = undefined; });
  return opened;
}

function close() {
  opened?.then((database) => database.close(), () => null);
  opened = undefined;
}

async function ask(store, mode, work) {
  const change = (await open()).transaction(store, mode);
  const answer = work(change.objectStore(store));
  return new Promise((done, fail) => {
    change.oncomplete = () => done(answer.result);
    change.onabort = () => fail(change.error);
  });
}

const get = (thing) => ask("things", "readonly", (store) => store.get(thing));
const put = (thing, value) => ask("things", "readwrite", (store) => store.put(value, thing));
const drop = (thing) => ask("things", "readwrite", (store) => store.delete(thing));
const isOn = () => caches.has(NAME);

async function seal(what) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(what));
  return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await get("key"), text) };
}

async function unseal(box) {
  if (!box) return null;
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: box.iv }, await get("key"), box.sealed);
  return JSON.parse(new TextDecoder().decode(text));
}

async function turnOn() {
  navigator.storage?.persist?.(); // so that what waits is not thrown away where room is short
  navigator.serviceWorker?.register(`/sw.js?language=${lang}`).catch(() => null); // also where it saves data
  await alone(async () => {
    if (await isOn()) return; // in another tab: what waits there is sealed under that key
    await begin().catch(async (error) => {
      await wipe();
      throw error;
    });
  });
}

async function begin() {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await open(true);
  await ask("things", "readwrite", (store) => store.add(key, "key")); // never in place of another
  await put("used_at", now());
  if (!await refresh()) throw new Error("not reached");
  await caches.open(NAME);
}

async function wipe() {
  close();
  const asked = indexedDB.deleteDatabase(NAME);
  const gone = new Promise((done) => { asked.onsuccess = asked.onerror = done; });
  await Promise.all([caches.delete(NAME), Promise.race([gone, new Promise((done) => setTimeout(done, 2000))])]);
}

// What the server gives: who is signed in, a token that works, and for the same person anew what is kept.

async function refresh() {
  const headers = { Accept: "application/json" };
  const signal = patience();
  const answer = await fetch(`/${lang}/offline/kept/`, { headers, signal, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") await put("who", ""); // signed out
  if (answer?.status === 403) await put("used_at", 0); // locked
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!said?.whose) return null;
  const { token, ...kept } = said;
  const before = await unseal(await get("kept"));
  if (!before || before.whose === kept.whose) await put("kept", await seal(kept));
  await put("who", kept.whose);
  await put("asked_at", now());
  return { token, whose: kept.whose };
}

// The queue. One page at a time changes it, and one at a time sends.

const alone = (work) => navigator.locks.request("kept", work);
const inQueue = (mode, work) => ask("queue", mode, work);
const unsent = () => inQueue("readonly", (queue) => queue.count());

async function waiting() {
  const keys = await inQueue("readonly", (queue) => queue.getAllKeys());
  const items = await Promise.all(keys.map((key) => item(key).catch(() => ({ key, state: "broken" })))); // the others go
  return items.filter(Boolean);
}

async function item(key) {
  const found = await unseal(await inQueue("readonly", (queue) => queue.get(key)));
  return found && { ...found, key };
}

// An item is {id, day, whose, pairs, words, state}; what was kept before under its id is replaced, in its place.
function keep(fresh) {
  return alone(async () => {
    const before = (await waiting()).find(({ id, whose }) => id === fresh.id && whose === fresh.whose);
    const box = await seal({ ...fresh, stamp: crypto.randomUUID() });
    await inQueue("readwrite", (queue) => before ? queue.put(box, before.key) : queue.add(box));
  });
}

async function deliver() {
  if (!await unsent()) return;
  const known = await refresh();
  if (known) {
    await navigator.locks.request("kept sends", async () => {
      for (const { key, whose, state } of await waiting()) {
        if (whose === known.whose && SENT.includes(state) && !await send(key, known.token)) break;
      }
    });
  }
  await show();
  dispatchEvent(new Event("kept"));
}

// Whether to go on with the next. It leaves the queue only when the server says that it is stored, or has it already.
async function send(key, token) {
  const mine = await item(key);
  if (!mine) return true;
  const body = new URLSearchParams([...mine.pairs, ["day", mine.day], ["csrfmiddlewaretoken", token]]);
  body.set("id", mine.id);
  body.set("whose", mine.whose);
  const signal = patience();
  const headers = { Accept: "application/json" };
  const answer = await fetch(`/${lang}/offline/send/`, { method: "POST", body, headers, signal, redirect: "manual" }).catch(() => null);
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!["stored", "refused", "conflict"].includes(said?.result)) return false;
  await alone(async () => {
    const still = await item(key);
    if (!still) return;
    if (still.stamp !== mine.stamp) { // changed while it was on its way: what is here now comes after what is stored
      if (said.result !== "stored") return;
      const pairs = [...still.pairs.filter(([name]) => name !== "seen"), ["seen", said.seen]];
      return keepAt(key, { ...still, pairs });
    }
    if (said.result === "stored") return inQueue("readwrite", (queue) => queue.delete(key));
    await keepAt(key, { ...still, state: said.result, why: said.why, elsewhere: said.elsewhere });
  });
  if (said.result === "stored") await put("asked_at", 0);
  return true;
}

async function keepAt(key, changed) {
  const box = await seal(changed);
  await inQueue("readwrite", (queue) => queue.put(box, key));
}

// What may be seen: by who is signed in, and with a PIN not after five idle minutes.

async function view() {
  const kept = await unseal(await get("kept"));
  const mine = await get("who") === kept.whose;
  const idle = now() - await get("used_at");
  return { kept, mine, locked: !mine || kept.pin && !(Math.abs(idle) < IDLE) };
}

const dayIn = (zone) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format();
const dayName = (day) => new Date(`${day}T12:00:00Z`).toLocaleDateString(lang === "en" ? "en-GB" : lang, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });

async function show() {
  if (!await isOn()) return;
  for (const part of document.querySelectorAll("[data-unsent]")) {
    const number = await unsent();
    const { one, more } = part.dataset;
    part.hidden = !number;
    part.textContent = number === 1 ? one : more.replace("{number}", number);
  }
  const seen = await view();
  const all = await waiting();
  const items = all.filter(({ whose }) => whose === seen.kept.whose);
  list(seen.locked ? [] : items);
  const line = find("[data-waits]"), link = find("[data-keeps]"); // on the page of today, and where there is no connection
  if (line) line.hidden = !seen.mine || !items.length;
  if (link) link.hidden = !seen.mine;
  return { ...seen, items, broken: all.some(({ state }) => state === "broken") };
}

let listed = "[]";

function list(items) {
  const section = find("[data-waiting]");
  if (!section || listed === JSON.stringify(items)) return; // what is unfolded stays so
  listed = JSON.stringify(items);
  section.hidden = !items.length;
  find("ul", section).replaceChildren(...items.map((each) => inList(find("template", section), each)));
  came(section);
}

function inList(template, { key, id, day, pairs, words, state, why, elsewhere }) {
  const row = template.content.cloneNode(true).firstElementChild;
  fill(row, { ...Object.fromEntries(pairs), day: dayName(day), words });
  for (const part of row.querySelectorAll("[data-state]")) if (part.dataset.state !== state) part.remove();
  find("[data-why]", row)?.append(...(why ?? []).map((text) => made("li", text)));
  find("[data-elsewhere]", row)?.append(...(elsewhere ?? []).map(([label, value]) => {
    const pair = document.createElement("div");
    pair.append(made("dt", label), made("dd", value || "–", "own"));
    return pair;
  }));
  const form = find("[data-look]", row);
  if (form) {
    form.action = `/${lang}/feeling/${day}/?look`; // shown there, and saved by the person alone
    const fields = new Map([["seen", ""], ...pairs, ["id", id]]);
    fields.delete("words");
    for (const pair of [...fields, ...pairs.filter(([name]) => name === "words")]) form.append(hiddenField(...pair));
    find("[data-throw]", row).addEventListener("click", () => alone(() => inQueue("readwrite", (queue) => queue.delete(key))).then(show));
  }
  return row;
}

const made = (kind, text, name = "") => Object.assign(document.createElement(kind), { textContent: text, className: name });
const hiddenField = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });

// Texts by the name of their place; a place without a text goes, with what says what it is.
function fill(root, texts) {
  for (const part of root.querySelectorAll("[data-text]")) {
    const text = texts[part.dataset.text];
    if (text) part.textContent = text;
    else (part.closest(".feared, .happened, p") ?? part).remove();
  }
}

// Tells site.js what has just come into the page.
const came = (part) => part.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));

// Who goes by keyboard goes on where the page goes on.
function only(state) {
  const held = document.activeElement?.closest("[data-when]");
  for (const part of document.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== state;
    if (held && held !== part && !part.hidden) {
      part.tabIndex = -1;
      part.focus({ preventScroll: true });
    }
  }
}

// The page with the switch.

async function switchPage(section) {
  const said = find("[data-said]", section);
  const able = "locks" in navigator && crypto.subtle && indexedDB;
  const look = async () => {
    if (!able) return only("not-here");
    if (!await isOn()) return only("off");
    const seen = await show().catch(() => null);
    const mine = seen?.kept.whose === section.dataset.whose;
    only(!seen || seen.broken ? "broken" : mine ? "on" : "someone");
    if (!mine) list([]);
  };
  find("[data-turn-on]", section).addEventListener("click", async () => {
    said.textContent = "";
    await turnOn().catch(() => { said.textContent = said.dataset.failed; });
    await look();
    find("h1").scrollIntoView();
  });
  for (const button of section.querySelectorAll("[data-turn-off]")) button.addEventListener("click", async () => {
    await wipe();
    list([]);
    await look();
  });
  addEventListener("focus", look); // another tab may have turned it on or off
  await look();
}

// The page that works without a connection.

function wordsIn(form) {
  const chosen = [...form.querySelectorAll("[name=words]:checked")].map((box) => box.closest("label").textContent);
  return [...chosen, form.elements.own_word.value].map((text) => text.trim()).filter(Boolean).join(", ");
}

async function offlinePage(form) {
  if (!await isOn()) return only("off");
  const said = find("[data-said]");
  let seen, day, carried = [], touched = false, locked, anew = true, typedAt = 0, pause, filled;

  const pairs = () => [...new FormData(form)].filter(([name, value]) => value && name !== "id");
  const written = () => ({
    id: form.elements.id.value, day, whose: seen.kept.whose, pairs: [...carried, ...pairs()], state: "waiting",
    words: wordsIn(form),
  });

  // What was typed and not saved waits as such, when it is hidden.
  async function setAside() {
    clearTimeout(pause);
    const open = touched && pairs().length ? written() : null;
    touched = false;
    empty();
    const typed = open ?? await unseal(await get("typed"));
    if (typed) await keep({ ...typed, id: crypto.randomUUID(), state: "typed" }); // beside what was saved before
    await drop("typed");
  }

  function empty() {
    form.reset();
    filled = null;
  }

  function fillIn(from, aDay) {
    const fills = JSON.stringify([aDay, from?.id, from?.pairs]);
    if (fills === filled) return; // it stands there, and somebody may be about to change it
    empty();
    filled = fills;
    day = aDay;
    form.elements.id.value = from?.id ?? crypto.randomUUID();
    const given = new Map(from?.pairs);
    carried = (from?.pairs ?? []).filter(([name]) => !form.elements[name]);
    for (const name of ["own_word", "sentence"]) form.elements[name].value = given.get(name) ?? "";
    const ticked = (from?.pairs ?? []).filter(([name]) => name === "words").map(([, value]) => value);
    for (const box of form.querySelectorAll("[name=words]")) {
      box.checked = ticked.includes(box.value);
      if (box.checked) box.closest("details").open = true;
    }
    if (given.has("intensity")) form.elements.intensity.value = given.get("intensity");
    find("[data-day]").textContent = dayName(day);
    came(form);
  }

  let looking;
  const look = () => looking = Promise.resolve(looking).then(lookNow).catch(() => null); // one at a time

  async function lookNow() {
    if (!await isOn()) {
      empty();
      card([]);
      list([]);
      return only("off");
    }
    seen = await show();
    only(seen.mine ? "on" : "away");
    const hides = seen.locked && (!locked || touched && now() - typedAt >= IDLE);
    if (hides) await setAside();
    if (hides || locked !== seen.locked || !touched && (anew || day !== dayIn(seen.kept.zone))) await start();
  }

  async function start() {
    const { kept } = seen;
    const today = dayIn(kept.zone);
    const own = kept.feeling?.day === today ? kept.feeling : null;
    const stored = own && { id: new Map(own.pairs).get("id"), pairs: own.pairs.filter(([name]) => !NOT_KEPT.includes(name)) };
    const typed = seen.locked ? null : await unseal(await get("typed"));
    const from = seen.locked ? null : typed ?? seen.items.findLast((each) => each.day === today) ?? stored;
    locked = seen.locked;
    anew = false;
    document.documentElement.toggleAttribute("data-blur", kept.blur);
    find("[data-locked]").hidden = !locked;
    card(locked ? [] : kept.card);
    if (!touched) fillIn(from, typed?.day ?? today); // never over what is being typed
    touched ||= Boolean(typed);
  }

  function card(pieces) {
    const section = find("[data-card]");
    const template = find("template", section);
    section.hidden = !pieces.length;
    section.replaceChildren(find("h2", section), template, ...pieces.map((piece) => {
      const article = template.content.cloneNode(true).firstElementChild;
      fill(article, piece.happened ? { ...piece, shared: "" } : piece);
      return article;
    }));
  }

  form.addEventListener("input", () => {
    touched = true;
    filled = null;
    typedAt = now();
    said.textContent = "";
    clearTimeout(pause);
    if (seen?.kept.drafts) pause = setTimeout(async () => touched && put("typed", await seal(written())), PAUSE);
  });

  let saving = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    if (!pairs().length) return void (said.textContent = said.dataset.empty);
    saving = true;
    clearTimeout(pause);
    const fresh = written();
    try {
      await keep(fresh);
      await drop("typed");
      touched = false;
      said.textContent = said.dataset.kept;
      if (locked) fillIn(null, day);
      await show();
    } catch {
      said.textContent = said.dataset.failed;
    }
    saving = false;
    if (navigator.onLine) await deliver().then(() => tell(fresh.id), () => null);
  });

  async function tell(id) {
    const left = (await waiting()).find((each) => each.id === id);
    if (touched) return;
    said.textContent = left ? said.dataset[left.state === "waiting" ? "kept" : "stays"] : said.dataset.stored;
    if (!left) await lookAnew();
  }

  async function lookAnew() {
    await refresh();
    anew = true;
    await look();
  }

  for (const moment of ["focus", "pageshow", "kept"]) addEventListener(moment, look);
  document.addEventListener("visibilitychange", look);
  addEventListener("online", lookAnew);
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // as after leaving: asked anew
  setInterval(look, 10_000);
  await look();
  await lookAnew();
}

// When someone was last here, for the PIN: on pages that have a lock, and on the page above.

let noted = 0;

async function touched() {
  const cover = find("[data-lock]"); // lock.js has just closed it, where nobody was here
  if (now() - noted < NOTED_EVERY || !(cover ? !cover.open : find("[data-form]"))) return;
  noted = now();
  if (await isOn() && (cover || !(await view()).locked)) await put("used_at", now());
}

// Signing out and deleting everything wipe it first; what is saved may change what is kept; what was looked at in the
// form is from then on what is saved there.
addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post" || form.dataset.wiped) return;
  if (form.matches("[data-wipes]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    form.dataset.wiped = "on";
    await wipe();
    return form.requestSubmit(event.submitter);
  }
  put("asked_at", 0).catch(() => null);
  if (form.matches("[data-lock-now]")) put("used_at", 0).catch(() => null);
  if (!form.elements.words || !form.elements.own_word || form.matches("[data-look]")) return;
  const pairs = [...new FormData(form)].filter(([name, value]) => value && !NOT_KEPT.includes(name));
  const same = (await waiting().catch(() => [])).find(({ id }) => id === form.elements.id.value);
  if (same) await keep({ ...same, pairs, words: wordsIn(form), state: "waiting" });
}, true);

async function main() {
  const section = find("[data-device]"), form = find("[data-form]");
  if (form) offlinePage(form).catch(() => only("off"));
  if (section) await switchPage(section);
  if (!await isOn()) return;
  for (const name of ["pointerdown", "keydown", "input", "scroll"]) addEventListener(name, touched, { passive: true, capture: true });
  addEventListener("online", () => deliver().catch(() => null));
  if (find("main [name=lock_pin]") && !find("[data-lock]")) await put("used_at", 0); // the page that asks for it
  else if (find("[data-lock]")) await touched();
  await show();
  if (form || !("signedIn" in document.documentElement.dataset)) return;
  if (await unsent()) await deliver();
  else if (now() - await get("asked_at") >= FRESH) await refresh();
}

main().catch(() => null);
