// The keys of the room.

const form = document.getElementById("answer-form");
const dialog = document.getElementById("keys");
const button = document.querySelector("[data-keys]");
button.hidden = false;
button.addEventListener("click", () => dialog.showModal());

function go(value) {
  const pressed = form.querySelector(`[name=go][value=${value}]`);
  if (pressed && !pressed.disabled) form.requestSubmit(pressed);
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); go(form.querySelector("[name=go][value=next]") ? "next" : "review"); }
  else if (event.altKey && event.key === "ArrowLeft") { event.preventDefault(); go("previous"); }
  else if (event.altKey && event.key === "ArrowRight") { event.preventDefault(); go("next"); }
  else if (event.key === "?" && !event.target.closest("textarea, input, .ace_editor")) dialog.showModal();
});
