// The same moment, eleven ways: a slider in place of the list, and the page's light follows (site.js). Nothing is stored.
for (const place of document.querySelectorAll("[data-notches]")) play(place);

function play(place) {
  const sentences = new Map([...place.querySelectorAll(".ladder > li")].map((notch) => [Number(notch.dataset.level), said(notch)]));
  place.prepend(place.querySelector("template").content.cloneNode(true));
  place.classList.add("live");

  const slider = place.querySelector("input[type=range]");
  const usual = place.querySelector("[data-usual]");
  const output = place.querySelector("output");
  const lamps = [...place.querySelectorAll(".lamps li")];
  const steps = [...place.querySelectorAll("[data-step]")];
  let above; // the notch that is 10% above what is usual

  // All sentences lie unseen in one place, so that it is as high as the longest and nothing moves.
  for (const sentence of sentences.values()) {
    const room = Object.assign(document.createElement("p"), { textContent: sentence });
    room.setAttribute("aria-hidden", "true");
    output.before(room);
  }

  function show() {
    const level = Number(slider.value);
    const mark = level === above ? usual.dataset.above : "";
    output.textContent = sentences.get(level);
    slider.setAttribute("aria-valuetext", [`${level}`, mark, sentences.get(level)].filter(Boolean).join(". "));
    place.querySelector("[data-at]").textContent = [`${level}`, mark].filter(Boolean).join(" · ");
    for (const lamp of lamps) {
      lamp.classList.toggle("here", lamp.dataset.level === slider.value);
      lamp.classList.toggle("above", Number(lamp.dataset.level) === above);
    }
    for (const step of steps) step.setAttribute("aria-disabled", sentences.has(level + Number(step.dataset.step)) ? "false" : "true");
  }

  function go(level) {
    slider.value = level;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }

  slider.addEventListener("input", show);
  slider.addEventListener("focus", () => output.setAttribute("aria-live", "off")); // the slider itself says the sentence
  slider.addEventListener("blur", () => output.setAttribute("aria-live", "polite"));
  for (const step of steps) step.addEventListener("click", () => go(Number(slider.value) + Number(step.dataset.step)));
  usual.addEventListener("change", () => {
    const marked = place.querySelector("[data-marked]");
    above = usual.value === "" || usual.value === "100" ? undefined : Number(usual.value) + 10;
    marked.textContent = usual.value === "100" ? usual.dataset.top : "";
    if (above === undefined) return show();
    marked.textContent = `${usual.dataset.above}: ${above}`;
    go(above);
  });
  show();
}

// The sentence of a notch: its own words, without the figure before and the remark after.
function said(notch) {
  return [...notch.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
}
