// The clocks of the room. The server says how many seconds are left; in between we count with the browser's monotonic
// clock, so that a wrong or changed wall clock does not matter. That clock may stand still while a machine sleeps, so
// whenever the page comes back, and now and then, we ask the server again.

const ASK_EVERY_MS = 30_000;
const PATIENCE_MS = 5_000;
const DIFFERS_MS = 1_000; // a count that is further than this from the server's is asked about
const MARKS = [600, 300, 60, 30]; // seconds left at which a screen reader says so

const total = document.querySelector("[data-remaining]");
const used = document.querySelector("[data-used]");
const announce = document.querySelector("[data-announce]");
const find = (name) => document.querySelector(`[data-${name}]`);

// Counted from the moment the page was asked for: by the time it came, some of what the server said had gone.
const asked = performance.getEntriesByType("navigation")[0]?.requestStart ?? performance.now();
const usedAtStart = Number(used?.dataset.used);
let endsAt = asked + Number(total.dataset.remaining) * 1000;
let late = Number(total.dataset.late); // seconds that one may write on after the deadline
let half = Number(total.dataset.total) / 2;
let told = false; // that all is over
let asking = false;
let failedAt = -Infinity;

const secondsLeft = () => (endsAt - performance.now()) / 1000;
let previous = remembered(secondsLeft());

// --- Showing --------------------------------------------------------------------

function text(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

function show(remaining) {
  const isLate = remaining <= 0 && late > 0;
  total.textContent = text(Math.ceil(isLate ? remaining + late : remaining));
  if (used) used.textContent = text(usedAtStart + (performance.now() - asked) / 1000);
  for (const [name, shown] of [["time-left", !isLate], ["late-left", isLate], ["late-notice", isLate]]) {
    if (find(name)) find(name).hidden = !shown;
  }
  hideOrShow(remaining);
}

// --- Saying: once for each mark, and only the lowest of those passed while asleep ---------------

function say(words) { if (announce && words) announce.textContent = words; }

function tell(remaining) {
  const passed = (mark) => previous > mark && remaining <= mark;
  const marks = [[half, "half"], ...MARKS.map((mark) => [mark, `m${mark}`])].sort(([a], [b]) => b - a);
  const lowest = marks.filter(([mark]) => passed(mark)).at(-1);
  if (passed(0)) say(find("late-notice") && late > 0 ? find("late-notice").textContent : announce?.dataset.over);
  else if (lowest && remaining > 0) say(announce?.dataset[lowest[1]]);
  if (find("five-minutes")) {
    if (passed(300) && remaining > 0) find("five-minutes").hidden = false;
    if (remaining <= 0 || remaining > 300) find("five-minutes").hidden = true;
  }
  previous = Math.min(previous, remaining);
}

/** What was left when the page before this one was left: a mark that passed in between is still told, once. */
function remembered(remaining) {
  try {
    const kept = Number(sessionStorage.getItem(total.dataset.clockUrl) ?? NaN);
    return kept > remaining - 5 ? kept : remaining; // far less than now: time was added since
  } catch { return remaining; }
}

window.addEventListener("pagehide", () => {
  try { if (total.dataset.clockUrl) sessionStorage.setItem(total.dataset.clockUrl, previous); } catch { /* told twice at worst */ }
});

// --- Asking the server ------------------------------------------------------------

async function ask() {
  if (asking || !total.dataset.clockUrl) return;
  asking = true;
  const sent = performance.now();
  try {
    const answer = await fetch(total.dataset.clockUrl, {
      headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const data = await answer.json();
    if (answer.ok) take(data, sent);
    else if (answer.status === 423) location.href = data.location; // paused from another tab
    else if (answer.status === 410) end(); // handed in from another tab, or over
  } catch { // no network, or signed out: we count on
    failedAt = performance.now();
    if (secondsLeft() + late <= 0) document.dispatchEvent(new Event("interview:out-of-time"));
  } finally {
    asking = false;
  }
}

function take(data, sent) {
  endsAt = sent + data.remaining_seconds * 1000;
  [late, half] = [data.late_seconds, data.total_seconds / 2];
  const added = find("added");
  const news = data.added.join(" · ");
  if (added && news !== added.textContent) {
    const latest = data.added.at(-1) ?? "";
    added.textContent = news;
    added.parentElement.hidden = !news;
    find("added-notice").textContent = latest;
    find("added-notice").hidden = !latest;
    say(latest);
    previous = secondsLeft(); // marks that come again are told again
  }
  show(secondsLeft());
  tell(secondsLeft());
  if (secondsLeft() + late <= 0) end();
}

// A save says what is left, too. If that differs from our count, something has happened.
document.addEventListener("interview:remaining", ({ detail }) => {
  if (detail + late > 0) told = false;
  if (Math.abs(detail - secondsLeft()) * 1000 > DIFFERS_MS) ask();
});
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") ask(); });
for (const name of ["focus", "pageshow", "online"]) window.addEventListener(name, ask);
document.addEventListener("resume", ask); // from being frozen
setInterval(ask, ASK_EVERY_MS);

// --- The end: "interview:over" by the server's word, "interview:out-of-time" by our own count while it is away -------

function end() {
  if (told) return;
  told = true;
  document.dispatchEvent(new Event("interview:over"));
}

// --- A clock that one need not look at ------------------------------------------------

const toggle = find("hide-clock");
const preference = "hide-clock";

function isUnwanted() { try { return localStorage.getItem(preference) === "yes"; } catch { return false; } }

function hideOrShow(remaining) {
  if (!toggle) return;
  const hide = isUnwanted() && remaining > 300;
  document.querySelector(".clocks").classList.toggle("hidden-clocks", hide);
  find("clock-hidden").hidden = !hide;
}

if (toggle) {
  toggle.hidden = false;
  toggle.setAttribute("aria-pressed", String(isUnwanted()));
  toggle.addEventListener("click", () => {
    try { localStorage.setItem(preference, isUnwanted() ? "no" : "yes"); } catch { /* it cannot be kept, so it is not offered */ }
    toggle.setAttribute("aria-pressed", String(isUnwanted()));
    hideOrShow(secondsLeft());
  });
}

// Our own count ends nothing: time may have been added, and while the server is away there is nobody to hand in to.
function tick() {
  const remaining = secondsLeft();
  show(remaining);
  tell(remaining);
  if (remaining + late <= 0 && !told && performance.now() - failedAt > 2_000) ask();
}

tick();
setInterval(tick, 500);
