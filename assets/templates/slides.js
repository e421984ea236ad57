"use strict";
// A slide is a beat of a clip: it plays up to its last picture and waits there. Nothing but the clips is loaded.
const slides = JSON.parse(document.getElementById("slides").textContent);
const videos = new Map([...document.querySelectorAll("video")].map((video) => [video.dataset.scene, video]));
const scenes = [...videos.keys()];
const main = document.getElementById("main");
const words = document.getElementById("words");
const captions = document.getElementById("captions");
const overview = document.getElementById("overview");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let at = 0; // the slide that is shown
let moving = false; // it has not come to its last picture
let waiting = false; // the browser wants a gesture before it plays
let turn = 0; // what was begun for an earlier turn is given up
let spoken = document.documentElement.lang; // the language of captions when they are on

const film = () => videos.get(slides[at].scene);
const last = (slide) => slide.to - slide.frame / 2; // in the middle of the last picture
const over = (slide) => film().currentTime >= slide.to - Math.max(slide.frame, 0.03); // as early as a screen may be late

async function go(index, play) {
  at = Math.max(0, Math.min(index, slides.length - 1));
  const mine = ++turn;
  const slide = slides[at];
  const video = film();
  moving = play && !calm.matches;
  waiting = false;
  for (const other of videos.values()) if (other !== video || !moving) other.pause();
  describe();
  for (const scene of scenes.slice(scenes.indexOf(slide.scene)).slice(0, 2)) videos.get(scene).preload = "auto";
  const start = moving ? slide.from : last(slide);
  // Playing on from where the slide before stopped needs no jump, and so no halt.
  if (!(moving && Math.abs(video.currentTime - start) < slide.frame)) video.currentTime = start;
  await settled(video);
  if (mine !== turn) return;
  for (const other of videos.values()) other.classList.toggle("shown", other === video);
  if (!moving) return;
  try {
    await video.play();
    if (mine === turn) requestAnimationFrame(watch);
  } catch {
    if (mine === turn) [moving, waiting] = [false, true];
  }
}

// The picture is there, or never will be: the clip that was shown before stays until then.
function settled(video) {
  return new Promise((done) => {
    const look = () => {
      if (!video.error && (video.seeking || video.readyState < 2)) return;
      for (const event of ["loadeddata", "seeked", "error"]) video.removeEventListener(event, look);
      done();
    };
    for (const event of ["loadeddata", "seeked", "error"]) video.addEventListener(event, look);
    look();
  });
}

function watch() {
  if (!moving) return;
  const slide = slides[at];
  if (!film().ended && !over(slide)) requestAnimationFrame(watch);
  else go(at, false); // rests on the last picture exactly
}
// An animation frame never comes in a window that is out of sight; these do.
for (const video of videos.values())
  for (const event of ["timeupdate", "ended"])
    video.addEventListener(event, () => {
      if (moving && video === film() && over(slides[at])) watch();
    });

function forward() {
  if (waiting) go(at, true);
  else if (moving) go(at, false);
  else if (at < slides.length - 1) go(at + 1, true);
}
const back = () => go(at - 1, false);

function describe() {
  const slide = slides[at];
  const language = captions.value || spoken;
  words.className = captions.value ? "" : "unseen";
  if (words.lang !== language || words.textContent !== slide.words[language]) {
    words.lang = language;
    words.textContent = slide.words[language];
  }
  const title = film().getAttribute("aria-label");
  document.getElementById("place").textContent =
    `${scenes.indexOf(slide.scene) + 1}/${scenes.length} · ${title} · ${slide.number}/${slide.count}`;
  for (const button of overview.querySelectorAll("[data-scene]")) {
    if (button.dataset.scene === slide.scene) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  const link = `#${encodeURIComponent(slide.scene)}/${encodeURIComponent(slide.beat)}`;
  if (location.hash !== link) history.replaceState(null, "", link);
}

function follow() {
  const [scene, beat] = location.hash.slice(1).split("/").map(decoded);
  let index = slides.findIndex((slide) => slide.scene === scene && slide.beat === beat);
  if (index < 0) index = slides.findIndex((slide) => slide.scene === scene);
  go(index, true);
}
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody typed a bare %
  }
}

function toggleCaptions() {
  captions.value = captions.value ? "" : spoken;
  describe();
}
const toggleOverview = () => (overview.open ? overview.close() : overview.showModal());
function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // a frame may not be allowed to
}

const keys = {
  ArrowRight: forward, PageDown: forward, " ": forward, Enter: forward,
  ArrowLeft: back, PageUp: back,
  Home: () => go(0, true), End: () => go(slides.length - 1, false),
  f: toggleFullScreen, t: toggleCaptions, o: toggleOverview, Escape: toggleOverview,
};
addEventListener("keydown", (event) => {
  const act = keys[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
  if (overview.open && act !== toggleOverview) return;
  if (overview.open && event.key === "Escape") return; // a dialog closes by itself
  if (event.target.matches("select")) return;
  if (event.target.matches("button") && (event.key === "Enter" || event.key === " ")) return;
  event.preventDefault();
  if (!event.repeat) act();
});

main.addEventListener("click", forward);
let touched = null;
main.addEventListener("touchstart", (event) => {
  touched = event.touches.length === 1 ? event.touches[0] : null;
}, { passive: true });
main.addEventListener("touchend", (event) => {
  const moved = touched ? event.changedTouches[0].clientX - touched.clientX : 0;
  if (Math.abs(moved) > 50) (moved < 0 ? forward : back)();
}, { passive: true });

const press = (id, act) => document.getElementById(id).addEventListener("click", act);
press("overview-button", toggleOverview);
press("back", back);
press("next", forward);
press("full-screen", toggleFullScreen);
captions.addEventListener("change", () => {
  spoken = captions.value || spoken;
  describe();
});
overview.addEventListener("click", (event) => {
  const scene = event.target.closest("[data-scene]")?.dataset.scene;
  if (!scene) return;
  overview.close();
  go(slides.findIndex((slide) => slide.scene === scene), true);
});
// Whoever uses the mouse steps with the keys afterwards: they must not press the same button again.
addEventListener("click", (event) => {
  if (event.detail && !overview.open && !event.target.matches("select, option")) main.focus();
});
captions.addEventListener("change", () => main.focus());
overview.addEventListener("close", () => main.focus());

let asleep;
function wake() {
  document.body.classList.add("awake");
  clearTimeout(asleep);
  asleep = setTimeout(() => document.body.classList.remove("awake"), 2500);
}
for (const event of ["mousemove", "touchstart"]) addEventListener(event, wake, { passive: true });

addEventListener("hashchange", follow);
main.focus();
follow();
