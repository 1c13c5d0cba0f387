// Words in the margin, saved in place. What goes wrong there never takes the words along.
const margin = (event) => event.detail.elt.closest?.("form[data-margin]");

// Locked or signed out: instead of a new page, send the whole form, so that the answer carries what was typed.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!margin(event) || !event.detail.xhr.getResponseHeader("HX-Refresh")) return;
  event.preventDefault();
  margin(event).submit();
});

// While it is being saved nothing can be typed: the answer brings a new form.
const hold = (event, held) => margin(event)?.querySelectorAll("textarea").forEach((field) => { field.readOnly = held; });
document.addEventListener("htmx:beforeRequest", (event) => { say(event, false); hold(event, true); });
document.addEventListener("htmx:afterRequest", (event) => hold(event, false));
for (const fault of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(fault, (event) => say(event, true));

function say(event, failed) {
  const words = margin(event)?.querySelector("[data-not-sent]");
  if (words) words.hidden = !failed;
}
