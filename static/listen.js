// The text read aloud by a voice of this device. Voices that would send the text away (not `localService`) are never used.
const LONGEST = 200; // characters in one go: some browsers fall silent in the middle of more
const SENTENCE = new RegExp(`.{1,${LONGEST}}?[.?!…]+['"’”]*(?=\\s|$)|.{1,${LONGEST}}(?=\\s|$)|.{1,${LONGEST}}`, "g");
const page = document.documentElement;
const place = document.querySelector("[data-listen]");
if (place && window.speechSynthesis) offers(place, document.querySelector(".prose"), speechSynthesis);

function offers(place, prose, synth) {
  const play = place.querySelector("[data-play]");
  const stop = place.querySelector("[data-stop]");
  const listen = play.textContent;
  let lines = [], at = 0, spoken = null; // what is being said now

  const voice = () => synth.getVoices().find((each) => each.localService === true && each.lang.toLowerCase().split(/[-_]/)[0] === prose.lang);
  const offer = () => { place.hidden = !voice(); };
  offer();
  synth.addEventListener?.("voiceschanged", offer); // some browsers know their voices only after a while

  function next() {
    if (at >= lines.length) return end();
    const words = spoken = new SpeechSynthesisUtterance(lines[at]);
    words.voice = voice();
    words.lang = words.voice?.lang ?? prose.lang;
    words.onend = () => {
      if (words !== spoken) return;
      at += 1;
      next();
    };
    words.onerror = () => words === spoken && end();
    synth.speak(words);
  }

  function halt() {
    spoken = null;
    synth.cancel();
  }

  function end() {
    halt();
    at = 0;
    play.textContent = listen;
    if (document.activeElement === stop) play.focus();
    stop.hidden = true;
  }

  play.addEventListener("click", () => {
    if (spoken) { // a browser's own pause is not to be trusted: stop, and begin this sentence again afterwards
      halt();
      play.textContent = place.dataset.goOn;
      return;
    }
    if (!at) lines = sentences(prose);
    stop.hidden = false;
    play.textContent = place.dataset.pause;
    synth.cancel();
    next();
  });
  stop.addEventListener("click", end);

  // Leaving, quickly too: silence at once.
  addEventListener("pagehide", end);
  new MutationObserver(() => page.classList.contains("left") && end()).observe(page, { attributeFilter: ["class"] });
}

// The module's own words: not the questions in the margin, and never what someone wrote there.
function sentences(prose) {
  const own = [...prose.querySelectorAll("h2, h3, p, li, th, td")].filter((block) => !block.closest(".margin") && !block.querySelector("p, li"));
  const blocks = [...document.querySelectorAll("article h1, article .lead"), ...own];
  return blocks.flatMap((block) => block.textContent.replace(/\s+/g, " ").trim().match(SENTENCE) ?? []);
}
