// What stands below a text is fetched when it comes near. Until then, or when it does not come, a link leads there.
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    load(target);
  }
}, { rootMargin: "600px 0px" });

async function load(place) {
  const asked = { headers: { "HX-Request": "true" }, mode: "same-origin", redirect: "error" };
  const answer = await fetch(place.dataset.load, asked).catch(() => null);
  const piece = answer?.status === 200 && await answer.text().catch(() => ""); // locked meanwhile: another status
  if (!piece) return;
  const held = place.contains(document.activeElement);
  place.innerHTML = piece;
  if (held) { // the link that had the focus is gone
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
  window.htmx?.process(place);
  place.dispatchEvent(new Event("htmx:load", { bubbles: true })); // as for each piece that comes into a page
}

document.querySelectorAll("[data-load]").forEach((place) => near.observe(place));
