// Posting what a form would post, without leaving the page.

const GIVE_UP_MS = 15000; // a reply that has not come by then will not

function csrf(form) { // read anew each time: signing in from another tab changes it
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : form.elements.csrfmiddlewaretoken.value;
}

/** The fields and the form's token, as a form is sent. */
export function filled(form, fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  data.set("csrfmiddlewaretoken", csrf(form));
  return data;
}

/** The server's reply; throws when none comes. A page to sign in on is not followed. */
export function post(address, data) {
  return fetch(address, {
    method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store",
    signal: AbortSignal.timeout(GIVE_UP_MS),
  });
}
