// For coding questions: an editor over the plain text box, which stays the one that is saved and sent.

const box = document.querySelector("[data-code]");
const holder = document.getElementById("code-editor");
const toggle = document.querySelector("[data-toggle-editor]");
const dark = matchMedia("(prefers-color-scheme: dark)");
const small = matchMedia("(pointer: coarse), (max-width: 52rem)").matches; // touch keyboards do better without

if (window.ace && !small) start();

function start() {
  const ace = window.ace;
  ace.config.set("useStrictCSP", true); // styles come from our own files
  const editor = ace.edit(holder, { mode: "ace/mode/python", useWorker: false, tabSize: 4, useSoftTabs: true,
    showPrintMargin: false, enableKeyboardAccessibility: true, minLines: 18, maxLines: 40, fontSize: 15 });
  const theme = () => editor.setTheme(dark.matches ? "ace/theme/github_dark" : "ace/theme/github_light_default");
  theme();
  dark.addEventListener("change", theme);
  editor.setValue(box.value, -1);
  editor.session.getUndoManager().reset();

  let ours = false;
  editor.session.on("change", () => {
    if (ours) return;
    box.value = editor.getValue();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const input = editor.textInput.getElement();
  for (const type of ["compositionstart", "compositionend", "blur"]) {
    input.addEventListener(type, () => box.dispatchEvent(new Event(type)));
  }
  box.addEventListener("answer:set", () => { ours = true; editor.setValue(box.value, -1); ours = false; });

  box.addEventListener("answer:lock", (event) => editor.setReadOnly(event.detail));

  function show(plain) {
    holder.hidden = plain;
    box.hidden = !plain;
    toggle.setAttribute("aria-pressed", String(plain));
    if (plain) { box.focus(); } else { ours = true; editor.setValue(box.value, 1); ours = false; editor.resize(); editor.focus(); }
  }
  toggle.hidden = false;
  toggle.addEventListener("click", () => show(box.hidden));
  show(false);
}
