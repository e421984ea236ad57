"use strict";
// Captions from the cues in the page, chapter buttons, and copying. Nothing is loaded from anywhere.
const cues = JSON.parse(document.getElementById("cues").textContent);
const films = new Map();

for (const video of document.querySelectorAll("video[data-film]")) {
  films.set(video.dataset.film, video);
  for (const [language, film] of Object.entries(cues[video.dataset.film] ?? {})) {
    const track = video.addTextTrack("captions", film.label, language);
    for (const cue of film.cues) track.addCue(new VTTCue(cue.start, cue.end, cue.text));
    track.mode = language === document.body.dataset.captions ? "showing" : "disabled";
  }
}

const chosen = document.getElementById("captions");
chosen?.addEventListener("change", () => {
  for (const video of films.values())
    for (const track of video.textTracks) track.mode = track.language === chosen.value ? "showing" : "disabled";
});

const chapters = [...document.querySelectorAll("button[data-start]")];
for (const button of chapters) {
  button.addEventListener("click", () => {
    const video = films.get(button.dataset.film);
    video.currentTime = Number(button.dataset.start);
    video.play().catch(() => {}); // a browser may want another gesture first; the place is found all the same
  });
}
for (const [name, video] of films) {
  const own = chapters.filter((button) => button.dataset.film === name);
  video.addEventListener("timeupdate", () => {
    const now = own.findLast((button) => Number(button.dataset.start) <= video.currentTime + 0.05);
    for (const button of own) button.toggleAttribute("aria-current", button === now);
    now?.setAttribute("aria-current", "true");
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(code); // a page opened from disk may not write the clipboard
    }
  });
}
