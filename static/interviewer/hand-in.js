// Before handing in: when the time is over, hand in by itself. On the receipt: drafts of that interview are not needed
// any more, since what was handed in is with the server.

const form = document.querySelector("[data-hand-in]");
if (form) document.addEventListener("interview:over", () => form.requestSubmit());

const receipt = document.querySelector("dl[data-receipt]");
if (receipt) {
  try {
    Object.keys(localStorage).filter((key) => key.startsWith(`draft:${receipt.dataset.receipt}:`)).forEach((key) => localStorage.removeItem(key));
  } catch { /* no storage, no drafts */ }
}
