// Buttons that copy what stands in a box; without this script the box can be copied by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  const box = document.getElementById(button.dataset.copy);
  button.hidden = false;
  box.addEventListener("focus", () => box.select());
  button.addEventListener("click", async () => {
    box.select();
    try {
      await navigator.clipboard.writeText(box.value);
    } catch {
      document.execCommand("copy"); // on plain HTTP browsers give no clipboard
    }
    button.textContent = button.dataset.copied;
  });
}
