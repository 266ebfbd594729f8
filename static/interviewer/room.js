// The room: saves as the candidate types, and keeps a draft on this device until the server has it.
// Without this file every button still works: each is an ordinary form post.

import { Draft } from "./drafts.js";
import * as merge from "./merge.js";
import { filled, post } from "./post.js";
import "./keys.js";

const SAVE_AFTER_MS = 1200; // after the last key
const SAVE_AT_LEAST_MS = 8000; // while one types without a pause
const RETRY_MS = 3000;

const room = document.querySelector("[data-room]");
const form = document.getElementById("answer-form");
const box = document.getElementById("answer-text");
const revision = form.elements.revision;
const state = document.querySelector("[data-save-state]");
const count = document.querySelector("[data-count]");
const offlineNotice = document.querySelector("[data-offline]");
const next = form.querySelector("[name=go][value=next]");
const handIn = document.querySelector("[data-hand-in]");
const texts = room.dataset;
const most = Number(texts.mostCharacters);
const { remaining, late } = document.querySelector("[data-remaining]").dataset;
const draft = new Draft(texts.room, texts.position, texts.contact);

let text = box.value; // what is in the box, but for a word that an input method is in the middle of
let stored = merge.isOpen() ? null : box.value; // what the server has, as far as we know
let sending = false;
let offlineSince = null;
let refused = null; // the text that the merge view shows as ours
let report = false; // the log holds something to tell although the text is saved
let composing = false;
let over = false;
let leaving = false;
let savedAt = null;
let unsavedSince = null;
let timer = null;

// --- Saying and showing -----------------------------------------------------------

function say(sentence) { if (state.textContent !== sentence) state.textContent = sentence; }

function show() {
  count.textContent = texts.textCharacters.replace("{n}", [...text].length);
  const blank = !text.trim();
  const dot = document.querySelector(`.dot[data-position="${texts.position}"]`);
  dot.classList.toggle("answered", !blank);
  dot.querySelector("[data-dot-state]").textContent = blank ? texts.textBlank : texts.textAnswered;
  if (next) next.textContent = blank ? texts.textSkip : texts.textNext;
  showSaved();
}

function showSaved() {
  if (savedAt === null || sending || offlineSince || text !== stored) return;
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  say(seconds < 3 ? texts.textSaved : texts.textSavedAgo.replace("{n}", seconds < 60 ? Math.floor(seconds / 3) * 3 : Math.floor(seconds / 60) * 60));
}

function setText(wanted) {
  box.value = text = wanted;
  box.dispatchEvent(new CustomEvent("answer:set"));
  show();
}

function isTooLong() {
  const characters = text.length > most ? [...text].length : 0;
  if (characters <= most) return false;
  say(texts.textTooLong.replace("{n}", characters.toLocaleString()).replace("{most}", most.toLocaleString()));
  return true;
}

function setOffline(isOffline) {
  if (isOffline && !offlineSince) {
    offlineSince = new Date();
    report = true;
    draft.note("offline");
  }
  if (!isOffline && offlineSince) {
    offlineSince = null;
    offlineNotice.textContent = texts.textBack;
    setTimeout(() => { offlineNotice.hidden = offlineSince === null; }, RETRY_MS);
  }
  if (isOffline) showOffline();
}

function showOffline() {
  const time = offlineSince.toLocaleTimeString(document.documentElement.lang);
  const kept = keep() ? "" : ` ${texts.textNotKept}`;
  const sentence = (over ? texts.textOfflineOver : texts.textOfflineSince.replace("{time}", time)) + kept;
  if (offlineNotice.textContent !== sentence) offlineNotice.textContent = sentence;
  offlineNotice.hidden = false;
  say(texts.textOffline);
}

// --- Saving -------------------------------------------------------------------------

function keep() { return draft.keep(text, Number(revision.value)); }

function body() { return filled(form, { text, revision: revision.value, log: draft.log() }); }

function saveSoon(delay = SAVE_AFTER_MS) {
  clearTimeout(timer);
  timer = setTimeout(save, delay);
}

async function save() {
  clearTimeout(timer);
  if (sending || leaving || (text === stored && !report) || isTooLong()) return;
  if (merge.isOpen() && text === refused && !over) return;
  sending = true;
  const sent = text;
  if (sent !== stored) say(texts.textSaving);
  const data = body();
  const last = draft.number;
  let reached = false;
  draft.sent(sent);
  keep(); // what was sent too: should the page go before the reply, the next one knows the text as ours
  try {
    const reply = await post(texts.draftUrl, data);
    if (reply.status >= 500) throw new Error("try again");
    reached = await receive(reply, sent, last);
  } catch {
    setOffline(true);
    saveSoon(RETRY_MS);
  } finally {
    sending = false;
    showSaved();
  }
  if (over && reached && !leaving && (text === stored || merge.isOpen())) handOver();
}

/** Whether the reply is the interview's own word; it is not when one was signed out. */
async function receive(reply, sent, last) {
  if (reply.type === "opaqueredirect" || reply.status === 403) return signedOut();
  const data = await reply.json();
  setOffline(false);
  if (reply.ok) accepted(data, sent, last);
  else if (reply.status === 409) conflicting(data, sent);
  else if (reply.status === 410 || reply.status === 423) { leaving = true; location.href = data.location; } // closed; paused
  else say(data.message);
  return true;
}

function accepted(data, sent, last) {
  draft.heard(last, data);
  stored = sent;
  revision.value = data.revision;
  savedAt = Date.now();
  unsavedSince = text === stored ? null : performance.now();
  report = false;
  if (merge.isOpen()) merge.close();
  if (text === stored) draft.drop(); else { keep(); saveSoon(); }
  document.dispatchEvent(new CustomEvent("interview:remaining", { detail: data.remaining_seconds }));
  if (over && data.remaining_seconds + Number(late) > 0) lock(false); // there is more time than this page knew
  show();
}

function signedOut() {
  say(texts.textSignedOut);
  saveSoon(RETRY_MS);
  return false;
}

function conflicting(data, sent) {
  draft.refused(sent);
  if (draft.isOurs(data.text)) { // an earlier save of ours, whose answer was lost on the way
    stored = data.text;
    revision.value = data.revision;
    saveSoon(0);
  } else if (sent === stored && text === sent) { // nothing was written here: what the other one wrote is the text
    stored = data.text;
    revision.value = data.revision;
    setText(data.text);
    saveSoon(0); // if there is something to report
  } else {
    keep();
    say("");
    refused = sent;
    merge.open(data, texts.textConflict);
  }
}

function choose(choice) {
  if (!merge.isOpen()) return; // settled meanwhile
  const { text: wanted, stored: theirs, revision: theirRevision } = merge.chosen(choice, text);
  stored = theirs;
  revision.value = theirRevision;
  merge.close(texts.textKept);
  setText(wanted);
  draft.type(text);
  box.focus();
  if (text === stored) draft.drop(); else keep();
  report = true;
  saveSoon(0);
}

// --- Typing -------------------------------------------------------------------------

function typed() {
  if (composing || over) return; // an input method is in the middle of a word: nothing is counted or sent
  text = box.value;
  draft.type(text);
  const isKept = keep();
  show();
  if (isTooLong()) return;
  if (!offlineSince && !sending && text !== stored) say(isKept ? "" : texts.textNotKept); // never "saved" when it is not
  unsavedSince ??= performance.now();
  saveSoon(offlineSince ? RETRY_MS : Math.min(SAVE_AFTER_MS, Math.max(0, unsavedSince + SAVE_AT_LEAST_MS - performance.now())));
}

box.addEventListener("compositionstart", () => { composing = true; });
box.addEventListener("compositionend", () => { composing = false; typed(); });
box.addEventListener("input", typed);
box.addEventListener("blur", () => { if (!merge.isOpen()) save(); }); // a new view would take away the button being pressed
window.addEventListener("online", save);
window.addEventListener("offline", () => setOffline(true));
setInterval(showSaved, 3000);

// --- Leaving ------------------------------------------------------------------------

function beacon() { // the page may be gone before an answer comes
  if (leaving || text === stored || merge.isOpen()) return;
  draft.sent(text);
  keep();
  navigator.sendBeacon(texts.draftUrl, body());
}

document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
window.addEventListener("pagehide", beacon);
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

/** When no save is on its way; never at once, since a form cannot be submitted while it is being submitted. */
async function settled() {
  do await new Promise((done) => setTimeout(done, sending ? 50 : 0)); while (sending);
}

form.addEventListener("submit", async (event) => {
  if (leaving) return;
  const choice = event.submitter?.name === "keep" ? event.submitter.value : "";
  if (choice && merge.chosen(choice, text) === null) { leaving = true; return; }
  event.preventDefault();
  if (over) return;
  await settled();
  if (choice === "both" && text !== refused) await save(); // the server puts together what is in the box now
  if (choice) return choose(choice);
  report ||= offlineSince !== null || !navigator.onLine;
  await save();
  if (merge.isOpen()) return merge.focus(texts.textChoose);
  if (offlineSince) return say(texts.textStay);
  if (leaving || text !== stored) return;
  leaving = true;
  form.requestSubmit(event.submitter);
});

function lock(isOver) {
  over = isOver;
  box.readOnly = isOver;
  box.dispatchEvent(new CustomEvent("answer:lock", { detail: isOver }));
  if (offlineSince) showOffline();
}

async function finish() {
  if (over) return;
  box.blur(); // ends a composition
  if (composing) { composing = false; typed(); }
  lock(true);
  await settled();
  report = true; // even with nothing to save: only hand in from here when the server can be reached
  if (isTooLong()) handOver(); else save();
}

for (const name of ["interview:over", "interview:out-of-time"]) document.addEventListener(name, finish);

function handOver() {
  leaving = true;
  handIn.submit();
}

// --- Coming in ------------------------------------------------------------------------

function restore() {
  const left = draft.takeOver(texts.room, stored);
  if (!left) return text && say(texts.textSaved);
  revision.value = left.revision;
  setText(left.text);
  keep();
  say(texts.textRestored);
  saveSoon();
}

const cameFromHere = document.referrer.includes(`/interviews/${texts.room}/`) || document.referrer.includes("/begin/");
if (!cameFromHere || performance.getEntriesByType("navigation")[0]?.type === "reload") {
  draft.note("opened");
  report = true;
  saveSoon();
}
show();
if (!merge.isOpen()) restore();
if (Number(remaining) + Number(late) <= 0) finish();
else if (!matchMedia("(pointer: coarse)").matches) box.focus({ preventScroll: true });
