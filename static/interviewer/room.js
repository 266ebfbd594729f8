// The room: saves as the candidate types, keeps a draft on this device until the server has it, and moves by keyboard.
// Without this file every button still works: each is an ordinary form post.

const SAVE_AFTER_MS = 1200; // after the last key
const RETRY_MS = 3000;

const room = document.querySelector("[data-room]");
const form = document.getElementById("answer-form");
const box = document.getElementById("answer-text");
const revision = form.elements.revision;
const state = document.querySelector("[data-save-state]");
const count = document.querySelector("[data-count]");
const conflict = document.querySelector("[data-conflict]");
const next = form.querySelector("[name=go][value=next]");
const handIn = document.querySelector("[data-hand-in]");
const texts = room.dataset;
const key = `draft:${texts.room}:${texts.position}`;

let stored = conflict.hidden ? box.value : null; // what the server has, as far as we know
let sent = null; // what is on its way
let composing = false;
let leaving = false;
let savedAt = null;
let timer = null;

// --- The draft on this device ---------------------------------------------------

function keepDraft() {
  try {
    localStorage.setItem(key, JSON.stringify({ text: box.value, revision: Number(revision.value) }));
  } catch { /* no storage: the server is all there is */ }
}

function dropDraft() { try { localStorage.removeItem(key); } catch { /* nothing to drop */ } }

function readDraft() {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}

function restoreDraft() {
  const draft = readDraft();
  if (!conflict.hidden) return;
  if (!draft || draft.text === box.value) {
    if (box.value) say(texts.textSaved);
    return dropDraft();
  }
  if (draft.revision === Number(revision.value)) {
    setText(draft.text);
    say(texts.textRestored);
    saveSoon();
  } else {
    const theirs = box.value;
    setText(draft.text);
    showConflict(theirs, Number(revision.value));
  }
}

// --- Saving ---------------------------------------------------------------------

function say(text) { if (state.textContent !== text) state.textContent = text; }

function setText(text) {
  box.value = text;
  box.dispatchEvent(new CustomEvent("answer:set"));
  show();
}

function csrf() { // read anew each time: signing in from another tab changes it
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : form.elements.csrfmiddlewaretoken.value;
}

function body(text) {
  const data = new FormData();
  data.set("text", text);
  data.set("revision", revision.value);
  data.set("csrfmiddlewaretoken", csrf());
  return data;
}

function saveSoon(delay = SAVE_AFTER_MS) {
  clearTimeout(timer);
  timer = setTimeout(save, delay);
}

async function save() {
  clearTimeout(timer);
  if (composing || sent !== null || leaving || !conflict.hidden || box.value === stored) return;
  sent = box.value;
  say(texts.textSaving);
  let answer = null;
  try {
    answer = await fetch(texts.draftUrl, {
      method: "POST", body: body(sent), headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store",
    });
    await receive(answer, sent);
  } catch {
    say(texts.textOffline);
    saveSoon(RETRY_MS);
  } finally {
    sent = null;
    showSaved();
    if (answer?.ok && box.value !== stored) saveSoon();
  }
}

async function receive(answer, text) {
  if (answer.type === "opaqueredirect" || answer.status === 403) return signedOut();
  if (answer.status >= 500) throw new Error("try again");
  const data = await answer.json().catch(() => null);
  if (data === null) {
    say(texts.textTooLong); // refused before our own pages saw it: larger than a request may be
  } else if (answer.ok) {
    stored = text;
    revision.value = data.revision;
    savedAt = Date.now();
    if (box.value === text) dropDraft(); else keepDraft();
    document.dispatchEvent(new CustomEvent("interview:remaining", { detail: data.remaining_seconds }));
    show();
  } else if (answer.status === 409) {
    showConflict(data.text, data.revision);
  } else if (answer.status === 410) {
    leaving = true;
    location.href = data.location;
  } else {
    say(data.message);
  }
}

function signedOut() {
  say(texts.textSignedOut);
  saveSoon(RETRY_MS);
}

function showConflict(theirs, theirRevision) {
  if (theirs === stored || theirs === box.value) { // our own earlier save, whose answer was lost on the way
    stored = theirs;
    revision.value = theirRevision;
    return saveSoon(0);
  }
  conflict.querySelector("[data-stored]").value = theirs;
  conflict.dataset.revision = theirRevision;
  conflict.hidden = false;
}

function settleConflict(text) {
  stored = conflict.querySelector("[data-stored]").value;
  revision.value = conflict.dataset.revision ?? revision.value;
  conflict.hidden = true;
  setText(text);
  box.focus();
  if (box.value === stored) dropDraft();
  saveSoon(0);
}

conflict.querySelector("[data-keep-mine]").addEventListener("click", () => settleConflict(box.value));
conflict.querySelector("[data-take-other]").addEventListener("click", () => settleConflict(conflict.querySelector("[data-stored]").value));

// --- Typing ---------------------------------------------------------------------

function show() {
  count.textContent = texts.textCharacters.replace("{n}", [...box.value].length);
  const blank = !box.value.trim();
  const dot = document.querySelector(`.dot[data-position="${texts.position}"]`);
  dot.classList.toggle("answered", !blank);
  dot.querySelector("[data-dot-state]").textContent = blank ? texts.textBlank : texts.textAnswered;
  if (next) next.textContent = blank ? texts.textSkip : texts.textNext;
  showSaved();
}

function showSaved() {
  if (savedAt === null || sent !== null || box.value !== stored) return;
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  say(seconds < 3 ? texts.textSaved : texts.textSavedAgo.replace("{n}", seconds < 60 ? Math.floor(seconds / 3) * 3 : Math.floor(seconds / 60) * 60));
}

function typed() {
  if (composing) return; // an input method is in the middle of a word: nothing is counted or sent
  keepDraft();
  show();
  saveSoon();
}

box.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
box.addEventListener("compositionend", () => { composing = false; typed(); });
box.addEventListener("input", typed);
box.addEventListener("blur", save);
window.addEventListener("online", save);
setInterval(showSaved, 3000);

// --- Leaving --------------------------------------------------------------------

function beacon() { // the page may be gone before an answer comes
  if (leaving || composing || box.value === stored || !conflict.hidden) return;
  keepDraft();
  navigator.sendBeacon(texts.draftUrl, body(box.value));
}

document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
window.addEventListener("pagehide", beacon);

async function finishSaving() {
  for (let waited = 0; sent !== null && waited < 3000; waited += 50) await new Promise((done) => setTimeout(done, 50));
}

form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  if (sent !== null) { // let the save on its way arrive first: it changes the revision
    event.preventDefault();
    await finishSaving();
    return form.requestSubmit(event.submitter);
  }
  if (!conflict.hidden && conflict.dataset.revision) revision.value = conflict.dataset.revision;
  keepDraft();
  leaving = true;
});

window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

document.addEventListener("interview:over", async () => {
  composing = false;
  await save();
  await finishSaving();
  leaving = true;
  handIn.submit();
});

// --- Keys -----------------------------------------------------------------------

const dialog = document.getElementById("keys");
const keysButton = document.querySelector("[data-keys]");
keysButton.hidden = false;
keysButton.addEventListener("click", () => dialog.showModal());

function go(value) {
  const button = form.querySelector(`[name=go][value=${value}]`);
  if (button && !button.disabled) form.requestSubmit(button);
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || composing) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); go(next ? "next" : "review"); }
  else if (event.altKey && event.key === "ArrowLeft") { event.preventDefault(); go("previous"); }
  else if (event.altKey && event.key === "ArrowRight") { event.preventDefault(); go("next"); }
  else if (event.key === "?" && !event.target.closest("textarea, input, .ace_editor")) dialog.showModal();
});

show();
restoreDraft();
if (!matchMedia("(pointer: coarse)").matches) box.focus({ preventScroll: true });
