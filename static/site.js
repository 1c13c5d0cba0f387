// Small comforts on top of pages that work without any of this: the way out, the light, forms sent once.
const page = document.documentElement;
const words = document.querySelector("[data-exit-status]");
const title = document.title;

// The way out: the page goes blank at once, then leaves (brief: GOV.UK "Exit this page").
function leave() {
  page.classList.add("left");
  document.title = "\u200b";
  location.replace(document.querySelector("[data-exit]")?.href ?? "/weg/");
}

let presses = 0;
let timer;

function count(number, text = "") {
  presses = number;
  clearTimeout(timer);
  const button = document.querySelector(".exit");
  if (number) button?.setAttribute("data-presses", number);
  else button?.removeAttribute("data-presses");
  if (words && words.textContent !== text) words.textContent = text;
}

function typingOnTouch() {
  const field = document.activeElement;
  const text = field?.matches("textarea, input:not([type=radio], [type=checkbox], [type=range])") || field?.isContentEditable;
  return text && matchMedia("(pointer: coarse)").matches;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-exit]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  leave();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Shift" || typingOnTouch()) return presses && count(0);
  if (event.repeat) return;
  const text = words?.dataset ?? {};
  count(presses + 1, [text.twoMore, text.oneMore, text.leaving][presses]);
  if (presses >= 3) return leave();
  timer = setTimeout(() => count(0, text.expired), 5000);
});

addEventListener("pageshow", (event) => {
  // Back after leaving or signing out: ask the server again instead of showing what was there.
  const own = "signedIn" in page.dataset || document.querySelector("form[data-lost][action]");
  if (event.persisted && own) return location.reload();
  page.classList.remove("left");
  document.title = title;
  count(0);
  document.querySelectorAll("form[data-sent]").forEach(release);
});

// A form is sent once: the second click on "save" does nothing. Nothing is disabled, so nothing typed is lost.
function release(form) {
  delete form.dataset.sent;
  for (const button of submitters(form)) button.removeAttribute("aria-disabled");
}

function submitters(form) {
  return [...form.querySelectorAll("button:not([type=button]), input[type=submit]")];
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method")?.toLowerCase() !== "post") return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "";
  for (const button of submitters(form)) button.setAttribute("aria-disabled", "true");
  // A download or a broken connection leaves the page where it is.
  setTimeout(() => release(form), 8000);
}, true);

// A fragment that is refused (an old token, the database away): ask for the whole page, which can say so.
document.addEventListener("htmx:responseError", (event) => {
  const asked = event.detail.elt;
  if (asked.matches("form")) asked.submit();
  else if (asked.href) location.assign(asked.href);
});

// No answer at all: the same for a form, as long as there is someone who keeps it (the service worker).
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.matches("form") && navigator.serviceWorker?.controller) event.detail.elt.submit();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});

// The page's light follows the chosen notch.
function shine(source) {
  const level = Math.round(source.value / 10) * 10;
  if (source.value !== "" && level >= 0 && level <= 100) page.dataset.light = level;
}

// At most so many chips: the others wait, and a sentence says so.
function limit(group) {
  const boxes = [...group.querySelectorAll("input[type=checkbox]")];
  const full = boxes.filter((box) => box.checked).length >= Number(group.dataset.most);
  for (const box of boxes) {
    if (full && !box.checked) box.setAttribute("aria-disabled", "true");
    else box.removeAttribute("aria-disabled");
  }
  const status = group.querySelector("[data-most-status]");
  if (status) status.textContent = full ? group.dataset.mostText ?? "" : "";
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-light-source]")) shine(event.target);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-light-source]")) shine(event.target);
  const group = event.target.closest("[data-most]:not(input)");
  if (group) limit(group);
});

document.addEventListener("click", (event) => {
  if (event.target.matches("input[aria-disabled=true]")) event.preventDefault();
  const breathe = event.target.closest("button[data-breathe]");
  if (breathe) {
    const on = document.getElementById("breath")?.classList.toggle("breathing") ?? false;
    breathe.setAttribute("aria-pressed", on);
  }
  if (event.target.closest("button[data-print]")) print();
});

// One's own words blurred or not, without leaving what is typed on the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-blur-switch]")) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).catch(() => null);
  if (answer?.type !== "opaqueredirect") return form.submit();
  page.toggleAttribute("data-blur", form.elements.on !== undefined);
  release(form);
  reach(document);
  document.querySelector(`.when-${"blur" in page.dataset ? "blurred" : "clear"} button`).focus();
});

// What is blurred can be reached with the keyboard, and by a tap.
function reach(root) {
  if (!("blur" in page.dataset)) return;
  for (const part of root.querySelectorAll("main *")) {
    const blurred = getComputedStyle(part).filter.startsWith("blur");
    if (blurred && !part.matches("a, button, input, textarea, select, label") && !part.querySelector("a, button, input")) part.tabIndex = 0;
  }
}

// Read to the end: the module's own form, sent once, quietly.
const ends = "IntersectionObserver" in window && new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    ends.unobserve(target);
    finish(target.closest("form"));
  }
});

async function finish(form) {
  if (!form || "sent" in form.dataset) return;
  const answer = await fetch(form.action, {
    method: "POST", body: new FormData(form), redirect: "manual", keepalive: true,
  }).catch(() => null);
  if (!answer || (!answer.ok && answer.type !== "opaqueredirect")) return;
  for (const part of form.querySelectorAll("[data-done-text]")) part.textContent = part.dataset.doneText;
}

// Where someone is in a text, kept with their own marks: a text with [data-reading] says where to.
function follow(text) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  let wait;
  const headings = new IntersectionObserver((entries) => {
    const section = entries.findLast((entry) => entry.isIntersecting)?.target.id;
    if (!section) return;
    clearTimeout(wait);
    wait = setTimeout(() => {
      const body = new URLSearchParams({ section, csrfmiddlewaretoken: token });
      fetch(text.dataset.reading, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => null);
    }, 2000);
  }, { rootMargin: "0px 0px -40% 0px" });
  for (const heading of text.querySelectorAll("h2[id]")) headings.observe(heading);
}

// What has just come into the page, at first the whole of it.
function wake(root) {
  for (const field of root.querySelectorAll("input[data-time-zone]")) {
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }
  for (const group of root.querySelectorAll("[data-most]:not(input)")) {
    if (!group.querySelector("[data-most-status]")) {
      const status = Object.assign(document.createElement("p"), { className: "quiet small" });
      status.setAttribute("role", "status");
      status.dataset.mostStatus = "";
      group.append(status);
    }
    limit(group);
  }
  const source = root.querySelector("input[data-light-source]:checked, input[type=range][data-light-source], select[data-light-source]");
  if (source) shine(source);
  for (const button of root.querySelectorAll("button[data-breathe]")) button.setAttribute("aria-pressed", "false");
  if (ends) for (const end of root.querySelectorAll("form [data-read-end], form[data-read-end]")) ends.observe(end);
  if (ends) root.querySelectorAll("[data-reading]").forEach(follow);
  reach(document);
  root.querySelector("[aria-invalid=true]")?.focus();
}

wake(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && wake(event.target));

// htmx notes the address of the page in this tab; here nothing is kept in the browser.
for (const moment of ["htmx:load", "htmx:afterSettle"]) {
  document.addEventListener(moment, () => sessionStorage.removeItem("htmx-current-path-for-history"));
}

// Back to a form for something new brings back the words but not its id: keep it with the page, so that saving stores once.
const fresh = document.querySelector("main input[name=seen]:not([value], .margin *)")?.form.elements.id;
if (fresh) {
  const drafted = fresh.form.querySelector("[data-restored]")?.dataset.restored; // what the server gave back has its own id
  const record = drafted ?? history.state?.record ?? fresh.value;
  if (fresh.value !== record) fresh.value = record;
  history.replaceState({ ...history.state, record: fresh.value }, "");
}

// Without a connection: a page says that it was kept, and what everybody may read is kept ahead (templates/offline/sw.js).
const connection = document.querySelector("[data-connection]");
const signedIn = "signedIn" in page.dataset;

async function tellConnection() {
  const { offline, wasKept } = connection.dataset;
  // A kept page is that of a visitor: for who is signed in it only stands in, also where the network is just bad.
  const kept = "kept" in page.dataset && (!navigator.onLine || await caches.has("signed-in"));
  const text = [!navigator.onLine && offline, kept && wasKept].filter(Boolean).join(" ");
  if (connection.textContent !== text) connection.textContent = text;
  connection.classList.toggle("note", Boolean(text));
}

// For the worker: someone is signed in here, and how they like it. No more than that.
async function mark() {
  const wishes = ["blur" in page.dataset && "blur", document.querySelector("[data-lock], [data-lock-now], [name=lock_pin]") && "pin"];
  const marks = await caches.open("signed-in");
  await marks.put("/", new Response(wishes.filter(Boolean).join(" ")));
}

async function forget() {
  for (const each of await caches.keys()) caches.delete(each);
  for (const { name } of await indexedDB.databases?.() ?? [{ name: "kept" }]) indexedDB.deleteDatabase(name);
  for (const each of await navigator.serviceWorker.getRegistrations()) each.unregister();
}

async function keepPages() {
  if (navigator.connection?.saveData) return;
  const worker = await navigator.serviceWorker.register(`/sw.js?language=${page.lang}`);
  worker.active?.postMessage("fill"); // what a browser threw away
}

// What was sent without a connection stands in this page: with a PIN it is covered after five idle minutes.
function coverLost(form) {
  let idle;
  const touched = () => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      for (const words of form.querySelectorAll("textarea")) words.hidden = true;
      form.querySelector("[data-covered]").hidden = false;
    }, 5 * 60 * 1000);
  };
  for (const name of ["pointermove", "keydown", "scroll"]) addEventListener(name, touched, { passive: true });
  touched();
}

if (connection && "caches" in window) for (const moment of ["online", "offline", "pageshow"]) addEventListener(moment, tellConnection);
if ("serviceWorker" in navigator) {
  // Just signed out, or deleted: what was on this device goes, also where the browser does not do so when told.
  const out = location.hash === "#out" && document.referrer.endsWith("/account/sign-out/") || document.querySelector("[data-forget]");
  if (signedIn) mark().catch(() => null);
  if (out && !signedIn) forget().catch(() => null);
  else addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(() => keepPages().catch(() => null)));
}
const lost = "covers" in page.dataset && document.querySelector("form[data-lost]");
if (lost) coverLost(lost);

// 'Keep on this device', only where it is on.
if ("caches" in window) caches.has("kept").then((on) => on && import(page.dataset.keeper)).catch(() => null);
