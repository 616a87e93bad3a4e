/* Votes on the page of asynchronous rounds without leaving it, and keeps it as it is on the server.
   Without this script the same page works by its forms. */
"use strict";

(() => {
  const page = document.getElementById("async");
  const POLL = 15000; // milliseconds

  document.documentElement.classList.add("scripts");

  const all = document.querySelector("[data-choose-all]");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => {
      const boxes = [...all.form.querySelectorAll('input[name="issues"]')];
      const choose = boxes.some((box) => !box.checked);
      for (const box of boxes) {
        box.checked = choose;
      }
    });
  }
  if (!page) {
    return;
  }
  const texts = page.dataset;

  /* --- One's own card: chosen here, saved once the server has said so */

  const wanted = new Map(); // by form, the newest wish

  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.classList.contains("async-vote") || !event.submitter) {
      return;
    }
    event.preventDefault();
    const pressed = pressedCard(form);
    const card = event.submitter.value || pressed;
    const reason = form.elements.reason;
    if (!card) {
      say(form, texts.chooseFirst, true);
      return;
    }
    const takesBack = event.submitter.value !== "" && card === pressed && reason.value === reason.defaultValue;
    const waits = wanted.has(form);
    wanted.set(form, { card: takesBack ? "" : card, reason: reason.value, before: pressed });
    show(form, takesBack ? "" : card);
    say(form, texts.saving);
    if (!waits) {
      save(form);
    }
  });

  async function save(form) {
    const deck = form.querySelector(".deck");
    for (let tries = 0; wanted.has(form); tries += 1) {
      const wish = wanted.get(form);
      const fields = new FormData(form);
      fields.set("card", wish.card);
      fields.set("reason", wish.reason);
      const answer = await post(wish.card ? deck.dataset.vote : deck.dataset.takeBack, fields);
      if (!answer) {
        say(form, texts.unsent, true);
        await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** tries, 2000)));
        continue;
      }
      if (wanted.get(form) !== wish) {
        continue; // somebody has thought again meanwhile
      }
      wanted.delete(form);
      if (answer.saved) {
        form.elements.reason.defaultValue = wish.card ? wish.reason : "";
        say(form, wish.card ? `${texts.saved} ${wish.card}` : texts.takenBack);
      } else {
        show(form, wish.before);
        say(form, answer.problem, true);
      }
      refresh();
    }
  }

  /* The answer of the server, or null where there was none. */
  async function post(url, fields) {
    try {
      const response = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json" } });
      if (response.redirected || response.status >= 500) {
        return null;
      }
      if (response.headers.get("Content-Type") !== "application/json") {
        location.reload(); // no longer a member, or no longer signed in: the page says which
        return { saved: false, problem: "" };
      }
      return await response.json();
    } catch {
      return null;
    }
  }

  function pressedCard(form) {
    return form.querySelector('.card[aria-pressed="true"]')?.value ?? "";
  }

  function show(form, chosen) {
    const deck = form.querySelector(".deck");
    for (const card of deck.querySelectorAll(".card")) {
      const pressed = card.value === chosen && chosen !== "";
      card.setAttribute("aria-pressed", String(pressed));
      card.setAttribute("formaction", pressed ? deck.dataset.takeBack : deck.dataset.vote);
    }
  }

  function say(form, text, wrong = false) {
    const status = form.querySelector(".vote-status");
    status.textContent = text;
    status.classList.toggle("is-wrong", wrong);
  }

  /* --- What others did: the page is asked for again, and what is not one's own is taken from it */

  let asking = false;
  let again = false;

  async function refresh() {
    if (asking || document.hidden) {
      again = asking; // what is being answered may be older than what has just happened
      return;
    }
    asking = true;
    again = false;
    try {
      const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (response.ok && !response.redirected) {
        take(new DOMParser().parseFromString(rendered.createHTML(await response.text()), "text/html"));
      }
    } catch {
      // The next time.
    } finally {
      asking = false;
    }
    if (again) {
      refresh();
    }
  }

  function take(told) {
    const names = (from) => [...from.querySelectorAll("[data-part]")].map((part) => part.dataset.part).join();
    if (names(told) !== names(document)) {
      if (wanted.size === 0 && !isTyping()) {
        location.reload(); // something was opened, revealed or settled
      }
      return;
    }
    for (const part of page.querySelectorAll("[data-part]")) {
      const other = told.querySelector(`[data-part="${part.dataset.part}"]`);
      if (part.innerHTML !== other.innerHTML && !part.contains(document.activeElement)) {
        part.replaceChildren(...other.childNodes);
      }
    }
    for (const form of page.querySelectorAll(".async-vote")) {
      const other = told.querySelector(`.async-vote[action="${form.getAttribute("action")}"]`);
      if (other && !wanted.has(form)) {
        show(form, pressedCard(other)); // another tab or my phone may have voted for me
      }
    }
  }

  function isTyping() {
    return [...page.querySelectorAll('input[name="reason"]')].some((input) => input.value !== input.defaultValue);
  }

  setInterval(refresh, POLL);
  document.addEventListener("visibilitychange", refresh);
})();
