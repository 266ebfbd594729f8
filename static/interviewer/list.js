// Move through a list with the up and down keys; Enter opens, since each row begins with a link.

const links = [...document.querySelectorAll("[data-rows] tbody a, ol[data-rows] h2 a")];

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.closest("input, select, textarea")) return;
  const at = links.indexOf(document.activeElement);
  const link = links[at === -1 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (link) { event.preventDefault(); link.focus(); }
});
