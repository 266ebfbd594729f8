// The clocks of the room. The server says how many seconds are left (or used); from there on we count with the
// browser's monotonic clock, so that a wrong or changed wall clock does not matter. A save corrects the count.

const started = performance.now();
const total = document.querySelector("[data-remaining]");
const used = document.querySelector("[data-used]");
const announce = document.querySelector("[data-announce]");
const fiveMinutes = document.querySelector("[data-five-minutes]");

let endsAt = started + Number(total.dataset.remaining) * 1000;
let previous = Infinity;

/** Take the server's word for the seconds that remain. */
document.addEventListener("interview:remaining", (event) => { endsAt = performance.now() + event.detail * 1000; });

function text(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

function crossed(mark, remaining) { return previous > mark && remaining <= mark && remaining > 0; }

function tick() {
  const now = performance.now();
  const remaining = (endsAt - now) / 1000;
  total.textContent = text(Math.ceil(remaining));
  if (used) used.textContent = text(Number(used.dataset.used) + (now - started) / 1000);
  if (fiveMinutes && previous !== Infinity && crossed(300, remaining)) {
    fiveMinutes.hidden = false;
    announce.textContent = fiveMinutes.textContent;
  }
  if (announce && previous !== Infinity && crossed(60, remaining)) announce.textContent = announce.dataset.oneMinute;
  if (remaining <= 0 && previous > 0) document.dispatchEvent(new Event("interview:over"));
  previous = remaining;
}

tick();
setInterval(tick, 500);
