// Move through a list with the up and down keys; Enter opens, since each row begins with a link. "/" goes to the search.

const ROWS = "[data-rows] tbody a, ol[data-rows] h2 a";
const search = document.querySelector("input[type=search]");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && search && !typing) { event.preventDefault(); search.select(); search.focus(); return; }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || (typing && !(typing === search && step > 0))) return;
  const links = [...document.querySelectorAll(ROWS)];  // looked up anew: rows may have come since
  const at = links.indexOf(document.activeElement);
  if (at === 0 && step < 0 && search) { event.preventDefault(); search.focus(); return; }
  const link = links[at === -1 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (link) { event.preventDefault(); link.focus(); }
});
