// The merge view: when another tab or device wrote meanwhile, both texts are shown, and the candidate chooses.
// The view itself comes from the server, with the same buttons as on the page for browsers without JavaScript.

const holder = document.querySelector("[data-merge]");
const alert = document.querySelector("[data-merge-alert]");
let conflict = null; // the server's reply: {text, revision, both}

export function isOpen() { return !holder.hidden; }

/** Show (or bring up to date) what the server says is stored beside what is here. */
export function open(reply, sentence) {
  conflict = reply;
  const focused = document.activeElement?.closest?.("[data-merge]") ? document.activeElement.value : null;
  holder.innerHTML = reply.view;
  if (focused) holder.querySelector(`[name=keep][value=${focused}]`)?.focus();
  if (holder.hidden) alert.textContent = sentence;
  holder.hidden = false;
}

export function close(sentence = "") {
  conflict = null;
  holder.hidden = true;
  holder.replaceChildren();
  alert.textContent = sentence;
}

/** Bring the candidate to the view. */
export function focus(sentence) {
  alert.textContent = sentence;
  holder.querySelector("h2")?.focus();
}

/** What a choice means: the text to go on with, the stored text and its revision. Null if only the server knows. */
export function chosen(choice, mine) {
  if (conflict === null) return null;
  const { text, revision, both } = conflict;
  return { text: { mine, other: text, both }[choice], stored: text, revision };
}
