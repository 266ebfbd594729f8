// Before handing in: when the time is over, hand in by itself, and say where this device has text that is not saved.
// On the receipt: drafts of what was handed in are not needed any more; any other text waits for its owner's decision.

import { checksum, forget, records } from "./drafts.js";
import { filled, post } from "./post.js";

const form = document.querySelector("[data-hand-in]");
if (form) document.addEventListener("interview:over", () => form.requestSubmit());

const list = document.querySelector("[data-interview]");
const row = (record) => list.querySelector(`[data-position="${record.position}"]`);
const isThere = ({ dataset }, text) => Number(dataset.length) === text.length && Number(dataset.checksum) === checksum(text);
const section = document.querySelector("[data-unsent]"); // on the receipt only
const left = [];
for (const record of records(list.dataset.interview).filter(row)) {
  if (isThere(row(record), record.text) || (section && !record.text.trim())) forget(record);
  else left.push(record);
}

for (const record of left) row(record).querySelector("[data-unsaved]")?.removeAttribute("hidden");

if (section) for (const record of left) offer(record);

function offer(record) {
  const article = section.querySelector("template").content.cloneNode(true).firstElementChild;
  const heading = article.querySelector("h3");
  heading.textContent = heading.textContent.replace("{n}", record.position);
  article.querySelector(".answer-text").textContent = record.text;
  article.querySelector("[data-send]").addEventListener("click", () => send(record, article));
  article.querySelector("[data-discard]").addEventListener("click", () => { forget(record); remove(article); });
  section.append(article);
  section.hidden = false;
}

function remove(article) {
  article.remove();
  section.hidden = !section.querySelector("article");
}

async function send(record, article) {
  const said = article.querySelector("[data-said]");
  const { text, revision, token, entries, earlier } = record;
  const log = JSON.stringify({ token, entries, earlier, now: null });
  try {
    const reply = await post(row(record).dataset.unsentUrl, filled(section.querySelector("form"), { text, revision, log }));
    said.textContent = (await reply.json()).message;
    if (!reply.ok) return;
    forget(record);
    article.querySelector(".buttons").remove();
  } catch {
    said.textContent = said.dataset.textOffline;
  }
}
