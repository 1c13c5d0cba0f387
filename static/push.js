// Notifications on this device: asked for only after a tap, and ended when they are switched off.
const form = document.querySelector("form[data-push]");
const [line, on, off] = ["[role=status]", "[data-push-on]", "[data-push-off]"].map((part) => form.querySelector(part));
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const key = Uint8Array.from(atob(form.dataset.push.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const registered = () => navigator.serviceWorker.register(`/sw.js?language=${document.documentElement.lang}`);
const subscription = async () => (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();

function show(state, there) {
  line.textContent = form.dataset[state];
  on.hidden = there || state === "none" || state === "denied";
  off.hidden = !there;
  const none = document.querySelector("[data-no-device]");
  if (none) none.hidden = state === "on";
}

// Whether this site knows it, as this person's: a browser may be shared, and its session may have been ended elsewhere.
async function mine(subscribed) {
  const made = new Uint8Array(subscribed.options.applicationServerKey);
  return key.every((byte, n) => byte === made[n]) && (await tell(subscribed, "ask")).stored;
}

async function look() {
  if (!able) return show("none", false);
  const subscribed = await subscription();
  const there = Boolean(subscribed) && await mine(subscribed);
  if (subscribed && !there) await subscribed.unsubscribe();
  return show(Notification.permission === "denied" ? "denied" : there ? "on" : "off", there);
}

// The site learns where this device can be reached, is asked whether it knows ("ask"), or hears that it can't any more ("remove").
async function tell(subscribed, wish) {
  const body = new URLSearchParams(new FormData(form));
  const { endpoint, keys } = subscribed.toJSON();
  for (const [name, value] of Object.entries({ endpoint, ...keys, ...(wish && { [wish]: "on" }) })) body.set(name, value);
  const answer = await fetch(form.dataset.to, { method: "POST", body, keepalive: true });
  if (!answer.ok) throw new TypeError(form.dataset.to);
  return answer.json();
}

// The worker may not come about: it keeps all pages first, or none.
const never = () => new Promise((_, failed) => setTimeout(failed, 30_000));

async function subscribe() {
  if (await Notification.requestPermission() !== "granted") return;
  await registered();
  await (await subscription())?.unsubscribe(); // someone else's, or for another key
  const worker = await Promise.race([navigator.serviceWorker.ready, never()]);
  const subscribed = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await tell(subscribed).catch(async (error) => {
    await subscribed.unsubscribe();
    throw error;
  });
}

async function end() {
  const subscribed = await subscription();
  if (!subscribed) return;
  await subscribed.unsubscribe(); // first: then nothing comes, even where the site does not hear of it
  await tell(subscribed, "remove");
}

// Where the site can't be asked, nothing is known; ending it here works anyhow.
const looked = () => look().catch(() => show("away", true));

async function doing(work) {
  on.disabled = off.disabled = true;
  const failed = await work().then(() => false, () => true);
  await looked();
  if (failed) line.textContent = form.dataset.away;
  on.disabled = off.disabled = false;
}

on.addEventListener("click", () => doing(subscribe));
off.addEventListener("click", () => doing(end));
// Switching the reminders off ends them here too.
document.querySelector("button[name=now][value=off]")?.form.addEventListener("submit", () => able && end().catch(() => null));
looked();
