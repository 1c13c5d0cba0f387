// The four pages of a step that is not kept, turned within one: the browser's own Back and Forward keep what was typed.
// Without this the page's buttons do the same. Nothing is kept here either: leaving the page makes it gone.
const main = document.getElementById("main");
const form = () => main.querySelector("[data-turns]");

async function turn(to) {
  const body = new FormData(form());
  body.set("to", to);
  const answer = await fetch(form().action, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  main.replaceChildren(...page.childNodes);
  scrollTo(0, 0);
  main.focus();
  main.dispatchEvent(new Event("htmx:load", { bubbles: true })); // site.js wakes what has come in
  return true;
}

document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (event.target !== form() || button?.name !== "to") return;
  event.preventDefault();
  const before = form().dataset.turns;
  if (!(await turn(button.value))) {
    // Locked, signed out or no connection: as without this, so that the answer can say so.
    const to = Object.assign(document.createElement("input"), { type: "hidden", name: "to", value: button.value });
    event.target.append(to);
    event.target.submit();
  } else if (form().dataset.turns !== before) history.pushState({ page: form().dataset.turns }, "");
});

addEventListener("popstate", (event) => turn(event.state?.page ?? "before"));
