// The lock, in a page that stays open: after five idle minutes it is covered, with what was typed still in it.
// The server keeps the time for all pages together; this page asks it, and tells it when someone was here.
const cover = document.querySelector("[data-lock]");
const main = document.getElementById("main");
const form = cover.querySelector("form");
const field = form.elements.lock_pin;
const missed = cover.querySelector(".errors");
const IDLE = 5 * 60; // seconds
const TELL_EVERY = 30;

let last = Date.now(); // when someone last touched this page
let told = last;
let timer;
let back; // where someone was when the page was covered

const idle = () => (Date.now() - last) / 1000;

function close() {
  if (cover.open) return;
  back = { focus: document.activeElement, top: scrollY };
  main.hidden = main.inert = true;
  cover.show();
  field.focus();
}

function open(left) {
  last = told = Date.now() - (IDLE - left) * 1000;
  wait();
  if (!cover.open) return;
  cover.close();
  main.hidden = main.inert = false;
  say("");
  back.focus?.focus?.({ preventScroll: true });
  scrollTo(0, back.top);
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => (idle() >= IDLE ? close() : wait()), Math.max(0, IDLE - idle()) * 1000);
}

function say(text) {
  missed.textContent = text;
  field.toggleAttribute("aria-invalid", Boolean(text));
}

async function ask(body) {
  const method = body ? "POST" : "GET";
  const answer = await fetch(cover.dataset.address, { method, body, headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer) return null; // nothing can be heard
  return answer.headers.get("Content-Type")?.startsWith("application/json") ? answer.json() : { left: 0 }; // signed out
}

// Another sign-in, in another tab, gives the forms of this page a new token.
function renew(token) {
  for (const each of document.querySelectorAll("[name=csrfmiddlewaretoken]")) each.value = token;
  if (document.body.hasAttribute("hx-headers")) {
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
}

const mine = (answer) => answer?.who === cover.dataset.who;

// Looked at again (another tab, a laptop that slept): as the server says, unless nothing can be heard from it.
async function look() {
  if (document.visibilityState !== "visible") return;
  if (idle() >= IDLE) close();
  const covered = cover.open; // an answer that was asked before it was covered opens nothing
  const answer = await ask();
  if (!mine(answer)) return answer && close();
  renew(answer.token);
  // Only a few seconds left means that nobody was here: the clocks differ a little.
  if (answer.left <= 0) close();
  else if (covered && answer.left > 5) open(answer.left);
}

function touched() {
  if (cover.open) return;
  if (idle() >= IDLE) close();
  else last = Date.now();
}

async function tell() {
  if (cover.open || last === told) return;
  told = last;
  const idle_for = String(Math.ceil(idle()));
  const answer = await ask(new URLSearchParams({ idle: idle_for, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value }));
  if (answer?.left === 0) close();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new FormData(form);
  field.value = "";
  const answer = await ask(body);
  delete form.dataset.sent; // site.js: a form is sent once; this one may be tried again
  form.querySelector("button").removeAttribute("aria-disabled");
  if (answer?.left > 0 && mine(answer)) return open(answer.left);
  say(answer?.ended ? `${answer.missed} ${cover.dataset.ended}` : answer?.missed ?? cover.dataset.away);
  for (const part of form.querySelectorAll("input, button")) part.disabled = Boolean(answer?.ended);
  cover.querySelector("[data-lock-ended]").hidden = !answer?.ended;
  field.focus();
});

document.addEventListener("submit", (event) => event.target.matches("[data-lock-now]") && clearInterval(telling));
for (const name of ["pointerdown", "pointermove", "keydown", "input", "wheel", "scroll"]) {
  addEventListener(name, touched, { passive: true, capture: true });
}
addEventListener("focus", look);
document.addEventListener("visibilitychange", look);
const telling = setInterval(tell, TELL_EVERY * 1000);
wait();
