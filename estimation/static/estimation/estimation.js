/* Makes pages that work without it a little quicker. */
"use strict";

/* The one way by which scripts put HTML into a page (see require-trusted-types-for): what the server has rendered. */
const rendered =
  window.trustedTypes?.createPolicy("estimation", { createHTML: (html) => html }) ?? { createHTML: (html) => html };

/* On a phone the row of a group's pages can be wider than the screen: show the one that is open. */
const here = document.querySelector(".group-nav [aria-current]");
if (here) {
  const row = here.parentElement;
  row.scrollLeft += here.getBoundingClientRect().right - row.getBoundingClientRect().right;
}

/* Copy an invite link. Without permission for the clipboard the link is selected, ready for the keyboard. */
for (const box of document.querySelectorAll("[data-copy]")) {
  const input = box.querySelector("input");
  const button = box.querySelector("[data-copy-button]");
  const status = box.parentElement.querySelector("[data-copy-status]");
  const label = button.textContent;
  button.hidden = false;
  input.addEventListener("focus", () => input.select());
  button.addEventListener("click", async () => {
    let said = button.dataset.copied;
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      input.focus();
      input.select();
      said = document.execCommand("copy") ? said : button.dataset.failed;
    }
    button.textContent = said;
    status.textContent = said;
    setTimeout(() => {
      button.textContent = label;
      status.textContent = "";
    }, 3000);
  });
}

/* A second click while a form is under way sends nothing. The server would take it for the same one anyway. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
  }
  form.dataset.sent = "yes";
});

/* Back from the next page, the browser may show this one as it was. */
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
});
