/* The order of the issues, without loading the page again: by the mouse, or by the arrows. */
"use strict";

const list = document.getElementById("issues");
const form = document.getElementById("form-issue");
const said = document.getElementById("issues-status");
const EDGE = 60; /* pixels from the edge of the window, where dragging scrolls */

const say = (text, wrong = false) => {
  said.textContent = text;
  said.classList.toggle("is-wrong", wrong);
};

const place = (row) => list.start + [...list.children].indexOf(row);

/* Saves where the row stands now, one after the other; or puts the rows back as they were, and says why. */
let saving = Promise.resolve();

const save = (row, before) => {
  const address = row.querySelector(".issue-up").formAction;
  const body = new FormData(form);
  body.set("after", row.previousElementSibling?.dataset.issue ?? list.dataset.before);
  saving = saving.then(async () => {
    const problem = await send(address, body);
    if (problem) {
      list.replaceChildren(...before);
    }
    say(problem || list.dataset.moved.replace("%s", place(row)), Boolean(problem));
  });
};

/* Nothing when it is saved, else a sentence. */
const send = async (address, body) => {
  try {
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.status === 204) {
      return "";
    }
    const isSentence = answer.headers.get("Content-Type")?.startsWith("text/plain");
    return isSentence ? await answer.text() : list.dataset.failed;
  } catch {
    return list.dataset.failed;
  }
};

/* --- Arrows. At the edge of the page the form is sent as ever, since the neighbour is on another one. */

form.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.name !== "direction") {
    return;
  }
  const row = button.closest(".issue");
  const before = [...list.children];
  const neighbour = button.value === "up" ? row.previousElementSibling : row.nextElementSibling;
  if (!neighbour) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (button.value === "up") {
    neighbour.before(row);
  } else {
    neighbour.after(row);
  }
  button.focus();
  if (document.activeElement !== button) {
    row.querySelector(button.value === "up" ? ".issue-down" : ".issue-up").focus();
  }
  save(row, before);
});

/* --- The mouse */

/* The list has the pointer, not the row: what is moved in the page loses it. */
const drag = (row, start) => {
  const before = [...list.children];
  row.classList.add("is-dragged");
  list.setPointerCapture(start.pointerId);

  const move = (event) => {
    if (event.clientY < EDGE || event.clientY > window.innerHeight - EDGE) {
      window.scrollBy(0, event.clientY < EDGE ? -EDGE / 4 : EDGE / 4);
    }
    const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
    const behind = [...list.children].find((other) => other !== row && event.clientY < middle(other)) ?? null;
    if (behind !== row.nextElementSibling) {
      list.insertBefore(row, behind);
    }
  };

  const end = (drop) => {
    row.classList.remove("is-dragged");
    list.removeEventListener("pointermove", move);
    list.removeEventListener("pointerup", put);
    list.removeEventListener("pointercancel", cancel);
    document.removeEventListener("keydown", escape);
    if (!drop) {
      list.replaceChildren(...before);
    } else if (before.some((other, number) => other !== list.children[number])) {
      save(row, before);
    }
  };
  const put = () => end(true);
  const cancel = () => end(false);
  const escape = (event) => event.key === "Escape" && end(false);

  list.addEventListener("pointermove", move);
  list.addEventListener("pointerup", put);
  list.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", escape);
};

for (const handle of document.querySelectorAll(".issue-handle")) {
  handle.hidden = false;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      event.preventDefault();
      drag(handle.closest(".issue"), event);
    }
  });
}
