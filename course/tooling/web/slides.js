// Equations first, so that nothing moves later; then the slides. Key S opens the speaker's window, key N shows notes below.
renderMathInElement(document.body, {
  delimiters: [{left: "$$", right: "$$", display: true}, {left: "$", right: "$", display: false}],
  ignoredTags: ["script", "style", "pre", "code"], throwOnError: false,
});
// An equation wider than its slide is set smaller, down to 22 pixels.
function fitEquations() {
  for (const equation of Reveal.getCurrentSlide().querySelectorAll(".katex-display"))
    for (let size = 36; size > 22 && equation.scrollWidth > equation.clientWidth + 1; size -= 1) equation.style.fontSize = size + "px";
}
let speaker = null;
const clock = seconds => Math.floor(seconds / 60) + ":" + String(Math.round(seconds) % 60).padStart(2, "0");
const planned = until => Reveal.getSlides().slice(0, until).reduce((sum, slide) => sum + Number(slide.dataset.timing), 0);
function tellSpeaker() {
  if (!speaker || speaker.closed) return;
  const slides = Reveal.getSlides(), here = slides.indexOf(Reveal.getCurrentSlide()), title = x => x ? x.querySelector("h1, h2").textContent : "the end";
  speaker.document.body.innerHTML = "<p id='time'></p><h1></h1><div id='notes'></div><p id='next'></p>";
  speaker.document.querySelector("h1").textContent = (here + 1) + " of " + slides.length + ": " + title(slides[here]);
  speaker.document.getElementById("notes").innerHTML = slides[here].querySelector("aside.notes").innerHTML;
  speaker.document.getElementById("next").textContent = "Next: " + title(slides[here + 1]);
  const began = speaker.began, line = speaker.document.getElementById("time");
  const tick = () => { line.textContent = clock((Date.now() - began) / 1000) + " gone; this slide ends at " + clock(planned(here + 1)) + " of " + clock(planned(slides.length)); };
  tick(); clearInterval(speaker.timer); speaker.timer = setInterval(tick, 1000);
}
function openSpeaker() {
  if (!speaker || speaker.closed) {
    speaker = window.open("", "speaker", "width=900,height=700");
    speaker.began = Date.now();
    speaker.document.title = "Speaker: " + document.title;
    speaker.document.head.innerHTML = "<style>body{font:20px/1.4 sans-serif;margin:24px} h1{font-size:28px} #time,#next{color:#005a8f}</style>";
  }
  tellSpeaker();
}
Reveal.initialize({
  width: 1280, height: 720, margin: 0, hash: true, center: false, transition: "none", slideNumber: "c/t", controls: false,
  keyboard: {83: openSpeaker, 78: () => Reveal.configure({showNotes: !Reveal.getConfig().showNotes})},
}).then(fitEquations);
Reveal.on("slidechanged", () => { fitEquations(); tellSpeaker(); });
