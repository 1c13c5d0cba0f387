// What is being typed is kept on the server, sealed, until it is saved. Nothing goes into the browser's own storage.
const PAUSE = 2000; // ms after the last key
const LONGEST = 5000; // ms that typing on and on waits
const LEFT = 300; // ms after leaving a field: a click on "save" comes first
const FIRST_RETRY = 2000, LAST_RETRY = 60000; // ms
const GIVE_UP = 15000; // ms without an answer
const SMALL = 60000; // bytes that a browser still sends while a page closes (64 KiB, of which we leave some)

function look(root) {
  for (const marker of root.querySelectorAll("[data-keep]")) watch(marker, marker.closest("form"));
}

look(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && look(event.target));

function watch(marker, form) {
  const [line, status] = marker.children;
  const restored = marker.dataset.restored;
  if (restored) { // what the server gives back, not what the browser remembers of an earlier visit
    const own = () => { if (form.elements.id.value !== restored) form.elements.id.value = restored; };
    form.reset();
    own();
    form.autocomplete = "off"; // Chromium would put it back after this
    addEventListener("pageshow", () => {
      own();
      form.removeAttribute("autocomplete");
    }, { once: true });
  }
  const idle = line.textContent;
  const atFirst = typed();
  let known = atFirst; // what the server has, or gave
  let token = form.elements.csrfmiddlewaretoken.value;
  let touched = false, stopped = false, over = false, waiting = false;
  let sending = null, call = null, reason = "", tries = 0;
  let pause, longest, retry;

  marker.hidden = false;
  const bar = form.querySelector(".save-bar");
  if (bar) bar.prepend(marker);
  else form.append(marker);

  function typed() {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("csrfmiddlewaretoken");
    fields.set("draft_page", marker.dataset.page);
    return fields.toString();
  }

  function unkept() {
    return touched && !stopped && !over && form.isConnected && typed() !== known; // a fragment may have taken its place
  }

  // One sending at a time; what was typed meanwhile goes next.
  function keep() {
    if (sending || !unkept()) return sending;
    clearTimeout(pause);
    clearTimeout(longest);
    clearTimeout(retry);
    longest = retry = undefined;
    const mine = call = new AbortController();
    const timer = setTimeout(() => mine.abort(), GIVE_UP);
    sending = send(typed(), mine).finally(() => {
      clearTimeout(timer);
      if (call !== mine) return;
      sending = null;
      if (!retry && unkept()) soon(PAUSE);
    });
    return sending;
  }

  // The page is going away: what is under way is older than what is typed now.
  function keepNow() {
    if (!unkept()) return;
    call?.abort();
    sending = null;
    keep();
  }

  async function send(now, mine) {
    let answer, said = {};
    try {
      for (let again = true; again;) {
        answer = await ask(now, mine.signal);
        said = await answer.json().catch(() => ({}));
        again = answer.status === 403 && said.token && said.token !== token;
        token = said.token ?? token;
      }
    } catch { answer = null; }
    if (call !== mine) return;
    if (answer?.ok && "kept" in said) succeeded(now, said.kept);
    else failed([400, 413].includes(answer?.status) ? "too_long" : said.reason);
  }

  function ask(now, signal) {
    const fields = new URLSearchParams(now);
    fields.set("csrfmiddlewaretoken", token);
    if (now === atFirst && !restored) fields.set("draft_nothing", "1");
    const body = fields.toString();
    return fetch(marker.dataset.keep, {
      method: "POST", body, signal, keepalive: body.length < SMALL, redirect: "error",
      headers: { "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", Accept: "application/json" },
    });
  }

  function succeeded(now, time) {
    known = now;
    tries = 0;
    if (form.elements.csrfmiddlewaretoken.value !== token) renew(token);
    const text = time ? line.dataset.kept.replace("{time}", time) : idle;
    line.textContent = reason ? "" : text;
    status.textContent = reason ? text : ""; // that it works again is said aloud, that it goes on working is not
    reason = "";
  }

  function failed(why) {
    const text = marker.querySelector(`template[data-because="${why}"]`) ?? marker.querySelector("[data-because=offline]");
    why = text.dataset.because;
    if (why !== reason) status.replaceChildren(text.content.cloneNode(true));
    line.textContent = "";
    reason = why;
    if (why === "off") stopped = true;
    if (why === "off" || why === "too_long") return; // the same again would not help
    retry = setTimeout(keep, Math.min(LAST_RETRY, FIRST_RETRY * 2 ** tries++));
  }

  function soon(delay) {
    if (retry || sending) return; // that is soon enough
    clearTimeout(pause);
    pause = setTimeout(keep, delay);
    longest ??= setTimeout(keep, LONGEST);
  }

  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, () => {
      touched = true;
      soon(PAUSE);
    });
  }
  form.addEventListener("focusout", () => touched && soon(LEFT));

  addEventListener("online", keep);
  addEventListener("focus", keep); // back from the tab where someone signed in
  addEventListener("pagehide", keepNow);
  document.addEventListener("visibilitychange", () => document.hidden ? keepNow() : keep());

  addEventListener("beforeunload", (event) => {
    if (!unkept()) return;
    const fails = reason || typed().length >= SMALL;
    keepNow();
    const leaving = document.documentElement.classList.contains("left"); // quickly: never a question
    if (fails && !leaving) event.preventDefault();
  });

  // Before a form of this page is sent, what is under way arrives: else it could come after, as if it were not saved.
  addEventListener("submit", async (event) => {
    const sent = event.target;
    if (sent.getAttribute("method")?.toLowerCase() !== "post") return;
    if (sent !== form && !sent.hasAttribute("data-throw-away")) keep();
    else {
      over = true;
      setTimeout(() => { over = false; }, 8000); // a broken connection leaves the page where it is
    }
    if (!sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (waiting) return;
    waiting = true;
    await Promise.race([sending, new Promise((done) => setTimeout(done, 1000))]);
    call.abort();
    call = sending = null;
    waiting = false;
    sent.requestSubmit(event.submitter);
  }, true);
}

// Signing in again changed the token of forms: this page's own go on working.
function renew(token) {
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
}
