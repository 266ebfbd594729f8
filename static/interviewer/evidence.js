// What a pointer or the focus is on, a point or words of the answer, is shown on the other side as well. Links move
// between the two without this.

const keysOf = (element) => element.dataset.points.split(" ");
const partAt = (event) => event.target.closest(".evidence [data-points]");
let hovered = null;
let focused = null;

function show(part) {
  for (const element of document.querySelectorAll(".evidence .lit")) element.classList.remove("lit");
  if (!part?.isConnected) return;  // it may have been swapped for newer results
  const keys = keysOf(part);
  for (const element of part.closest(".evidence").querySelectorAll("li[data-points], mark[data-points]")) {
    element.classList.toggle("lit", keysOf(element).some((key) => keys.includes(key)));
  }
}

// Whichever moved last is shown.
document.addEventListener("pointerover", (event) => { hovered = partAt(event); show(hovered ?? focused); });
document.addEventListener("focusin", (event) => { focused = partAt(event); show(focused ?? hovered); });
document.addEventListener("focusout", () => { focused = null; show(hovered); });
document.documentElement.addEventListener("pointerleave", () => { hovered = null; show(focused); });
