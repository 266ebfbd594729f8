// What this device keeps of an interview until the server has it: one record for each open page of the room, with the
// text and the page's log. What the log is good for, and what not, is told in interviewer/claims.py.

const NOTE_EVERY_MS = 3000;
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32 of the text in UTF-16, low bytes first: tells texts apart, also where the page has no crypto.subtle. */
export function checksum(text) {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    crc = TABLE[(crc ^ unit) & 0xff] ^ (crc >>> 8);
    crc = TABLE[(crc ^ (unit >>> 8)) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Every record of an interview on this device, as {key, position, ...what was kept}. */
export function records(interview) {
  let keys = [];
  try { keys = Object.keys(localStorage); } catch { /* no storage: nothing to find */ }
  return keys.filter((key) => key.startsWith(`draft:${interview}:`)).map(read).filter((record) => typeof record.text === "string");
}

function read(key) {
  try { return { key, position: Number(key.split(":")[2]), ...JSON.parse(localStorage.getItem(key)) }; } catch { return {}; }
}

export function forget(record) { try { localStorage.removeItem(record.key); } catch { /* nothing to forget */ } }

/** Forget the texts of every interview on this device. */
export function forgetAll() {
  try { Object.keys(localStorage).filter((key) => key.startsWith("draft:")).forEach((key) => forget({ key })); } catch { /* nothing to forget */ }
}

/** The record of this page. Entries of its log are [number, kind, time, length, checksum] and are only ever added. */
export class Draft {
  constructor(interview, position, token) {
    this.position = Number(position);
    this.key = `draft:${interview}:${position}:${Math.random().toString(36).slice(2)}`;
    this.token = token;
    this.zero = performance.now(); // when the server's last reply came
    this.number = 0;
    this.entries = [];
    this.earlier = []; // logs of closed pages whose text was taken over
    this.unanswered = []; // texts that were sent, with no word on whether they arrived
    this.typed = null; // the newest text and when it was typed, while no entry says so
    this.noted = -Infinity;
  }

  /** Add an entry about something other than typing. */
  note(kind) { this.#add(this.entries, [kind, performance.now(), 0, 0]); }

  /** The text was changed by its writer. While one types on, an entry every few seconds will do. */
  type(text) {
    this.typed = { text, time: performance.now() };
    if (this.typed.time - this.noted > NOTE_EVERY_MS) this.#noteTyped();
  }

  #add(entries, [kind, ...rest]) { entries.push([(this.number += 1), kind, ...rest]); }

  #noteTyped() {
    if (this.typed === null) return;
    this.#add(this.entries, ["typed", this.typed.time, this.typed.text.length, checksum(this.typed.text)]);
    this.noted = this.typed.time;
    this.typed = null;
  }

  #page(entries) {
    return { token: this.token, entries: entries.map(([n, kind, time, ...rest]) => [n, kind, Math.round(time - this.zero), ...rest]) };
  }

  /** What goes with a save. */
  log() {
    this.#noteTyped();
    return JSON.stringify({ ...this.#page(this.entries), now: Math.round(performance.now() - this.zero), earlier: this.earlier });
  }

  /** The server has read the log up to entry `last`, and says so in `reply`. */
  heard(last, reply) {
    if (!reply.contact) return;
    this.entries = reply.sequence === last ? this.entries.filter(([n]) => n > last) : [];
    if (reply.sequence !== last) this.number = reply.sequence; // it could not read ours: a new log begins
    this.token = reply.contact;
    this.zero = performance.now();
    this.earlier = [];
    this.unanswered = [];
  }

  sent(text) { this.unanswered = [...this.unanswered.slice(-19), `${text.length}:${checksum(text)}`]; }

  refused(text) { this.unanswered = this.unanswered.filter((each) => each !== `${text.length}:${checksum(text)}`); }

  isOurs(text) { return this.unanswered.includes(`${text.length}:${checksum(text)}`); }

  /** Keep text and log on this device; false when the browser does not let us. */
  keep(text, revision) {
    const entries = [...this.entries];
    if (this.typed) entries.push([this.number + 1, "typed", this.typed.time, this.typed.text.length, checksum(this.typed.text)]);
    const record = { text, revision, at: Date.now(), sent: this.unanswered, earlier: this.earlier, ...this.#page(entries) };
    try { localStorage.setItem(this.key, JSON.stringify(record)); return true; } catch { return false; }
  }

  drop() { forget(this); }

  /** Take over, log and all, the newest text that another page left; what is stored already is forgotten. */
  takeOver(interview, stored) {
    const left = records(interview).filter((record) => record.position === this.position);
    left.filter((record) => record.text === stored).forEach(forget);
    const [newest] = left.filter((record) => record.text !== stored).sort((a, b) => b.at - a.at);
    if (!newest) return null;
    this.earlier = [...(newest.earlier ?? []), { token: newest.token, entries: newest.entries }].slice(-20);
    this.unanswered = newest.sent ?? [];
    forget(newest);
    return newest;
  }
}
