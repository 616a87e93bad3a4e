/* Keeps the room's page as it is on the server: a stream tells, and where none passes, a question every few seconds.
   Without this script the same page works by its forms and a refresh. */
"use strict";

(() => {
  const room = document.getElementById("room");
  const seatList = document.getElementById("seats");
  const status = document.getElementById("vote-status");
  const announcer = document.getElementById("announcer");
  const banner = document.getElementById("connection");
  const texts = room.dataset;
  const PARTS = ["stage", "progress", "deck", "backlog"];
  const POLL = 3000; // milliseconds
  const SILENCE = 40000; // after which a stream is taken for dead; it says something every 15 seconds
  const MANY = 24; // seats

  document.documentElement.classList.add("scripts");

  const part = (name) => document.getElementById(`part-${name}`);
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  /* --- What the page shows */

  const [seatsKey, ...partKeys] = texts.have.split(",");
  const keys = { seats: seatsKey };
  PARTS.forEach((name, place) => {
    keys[name] = partKeys[place];
  });
  let version = Number(texts.version);
  let clock = 0; // milliseconds that the server's clock is ahead of this one
  let mine = { round: roundOnTable(), card: pressedCard(), reason: document.getElementById("reason")?.value ?? "" };

  function have() {
    return [keys.seats, ...PARTS.map((name) => keys[name])].join(",");
  }

  function roundOnTable() {
    return Number(part("deck").querySelector(".deck")?.dataset.round ?? 0);
  }

  function pressedCard() {
    return part("deck").querySelector('.card[aria-pressed="true"]')?.value ?? "";
  }

  function apply(frame) {
    if (frame.version < version) {
      return; // what came late over another connection
    }
    version = frame.version;
    clock = frame.now - Date.now();
    if (frame.seats) {
      applySeats(frame.seats);
    }
    for (const name of PARTS) {
      if (frame[name]) {
        [keys[name]] = frame[name];
        replace(name, frame[name][1]);
      }
    }
    applyStates(frame.states, frame.cards ?? []);
    if (frame.progress) {
      announce(part("progress").querySelector(".progress-text")?.textContent);
    }
    if (frame.stage) {
      const said = part("stage").querySelector("[data-announce]") ?? part("stage").querySelector(".stage-title");
      announce(said?.textContent);
    }
    if (frame.deck) {
      roundChanged();
    }
    tick();
    checkOwnVote(frame.states);
  }

  /* --- The table */

  function chair(pk, role, html) {
    const seat = document.createElement("li");
    seat.className = `seat seat-${role} is-none`;
    seat.dataset.seat = pk;
    for (const name of ["seat-card", "seat-who", "visually-hidden seat-said"]) {
      const part = document.createElement("span");
      part.className = name;
      seat.append(part);
    }
    seat.querySelector(".seat-who").innerHTML = rendered.createHTML(html);
    return seat;
  }

  function applySeats(seats) {
    keys.seats = seats.key;
    if (seats.all) {
      seatList.replaceChildren(...seats.all.map((seat) => chair(...seat)));
    } else {
      for (const pk of seats.left) {
        seatList.querySelector(`[data-seat="${pk}"]`)?.remove();
      }
      for (const seat of seats.put) {
        const present = seatList.querySelector(`[data-seat="${seat[0]}"]`);
        if (present) {
          present.replaceWith(chair(...seat));
        } else {
          seatList.append(chair(...seat)); // whoever comes sits down at the end
        }
      }
    }
    seatList.classList.toggle("seats-many", seatList.children.length > MANY);
    markOwnSeat();
  }

  function markOwnSeat() {
    const name = seatList.querySelector(`[data-seat="${texts.seat}"] .seat-name`);
    if (name && !name.querySelector(".seat-you")) {
      const mark = document.createElement("span");
      mark.className = "seat-you";
      mark.textContent = seatList.dataset.you;
      name.append(" ", mark);
    }
  }

  const STATES = { n: "none", m: "missing", v: "voted", c: "card" };

  function applyStates(states, cards) {
    [...seatList.children].forEach((seat, place) => {
      const letter = states[place] ?? "n";
      const state = STATES[letter.toLowerCase()];
      for (const other of Object.values(STATES)) {
        seat.classList.toggle(`is-${other}`, other === state);
      }
      seat.classList.toggle("is-away", letter !== letter.toLowerCase());
      write(seat.querySelector(".seat-card"), cards[place] ?? "");
      write(seat.querySelector(".seat-said"), seatList.dataset[state] ?? "");
    });
  }

  function write(element, text) {
    if (element.textContent.trim() !== text) {
      element.textContent = text;
    }
  }

  /* --- Parts, without losing the place or a word of whoever is at work in one */

  function replace(name, html) {
    const box = part(name);
    const focused = box.contains(document.activeElement) ? document.activeElement : null;
    const round = roundOnTable();
    const typed = [...box.querySelectorAll("input[id]")].filter((input) => input.value !== input.defaultValue);
    const open = [...box.querySelectorAll("details[id]")].map((details) => [details.id, details.open]);
    box.innerHTML = rendered.createHTML(html);
    if (name !== "deck" || round === roundOnTable()) {
      for (const input of typed) {
        const again = document.getElementById(input.id);
        if (again) {
          again.value = input.value;
        }
      }
    }
    for (const [id, state] of open) {
      const details = document.getElementById(id);
      if (details) {
        details.open = state;
      }
    }
    if (name === "deck") {
      showOwnCard();
    }
    if (focused) {
      (sameControl(box, focused) ?? part("stage")).focus({ preventScroll: true });
    }
  }

  function sameControl(box, control) {
    if (control.id) {
      return document.getElementById(control.id);
    }
    return [...box.querySelectorAll("button, a")].find(
      (other) =>
        other.getAttribute("formaction") === control.getAttribute("formaction") &&
        other.value === control.value &&
        other.getAttribute("href") === control.getAttribute("href"),
    );
  }

  let announced;

  function announce(text) {
    const said = text?.replace(/\s+/g, " ").trim();
    if (!said) {
      return;
    }
    clearTimeout(announced);
    announced = setTimeout(() => {
      announcer.textContent = said;
    }, 300); // of several changes in a row the last
  }

  /* --- One's own card: chosen here, saved once the server has said so */

  let wanted = null;
  let sending = false;

  function deck() {
    return part("deck").querySelector(".deck");
  }

  function showOwnCard() {
    const box = deck();
    if (!box) {
      return;
    }
    const round = Number(box.dataset.round);
    const chosen = wanted && wanted.round === round ? wanted.card : mine.round === round ? mine.card : "";
    for (const card of box.querySelectorAll(".card")) {
      const pressed = card.value === chosen && chosen !== "";
      card.setAttribute("aria-pressed", String(pressed));
      card.setAttribute("formaction", pressed ? box.dataset.takeBack : box.dataset.vote);
      card.classList.toggle("is-saving", pressed && wanted !== null);
    }
    const nudge = box.querySelector(".nudge");
    if (nudge) {
      nudge.hidden = chosen !== "";
    }
  }

  function roundChanged() {
    const round = roundOnTable();
    if (mine.round !== round) {
      mine = { round, card: "", reason: "" };
      if (wanted && wanted.round !== round) {
        wanted = null;
      }
      say("");
    }
    showOwnCard();
    const nudge = deck()?.querySelector(".nudge");
    if (nudge && !nudge.hidden && !deck().disabled) {
      announcer.textContent = nudge.textContent.trim();
      navigator.vibrate?.(200);
    }
    document.title = nudge && !nudge.hidden && !deck().disabled ? `● ${title}` : title;
  }

  const title = document.title;

  function say(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("is-wrong", wrong);
  }

  function play(card) {
    const box = deck();
    if (!box || box.disabled) {
      return;
    }
    const round = Number(box.dataset.round);
    const reason = box.querySelector("#reason")?.value ?? "";
    const takesBack = card !== "" && (wanted ? wanted.card : mine.card) === card && reason === mine.reason;
    if (card === "" && !mine.card) {
      say(texts.chooseFirst, true);
      return;
    }
    wanted = { round, card: takesBack ? "" : card || mine.card, reason, box };
    showOwnCard();
    say(texts.saving);
    save();
  }

  /* Sends what is wanted until the server has answered; of several wishes the newest. */
  async function save() {
    if (sending) {
      return;
    }
    sending = true;
    for (let tries = 0; wanted; tries += 1) {
      const wish = wanted;
      const url = wish.card ? wish.box.dataset.vote : wish.box.dataset.takeBack;
      const fields = new FormData(document.getElementById("form-vote"));
      fields.set("card", wish.card);
      fields.set("reason", wish.reason);
      const answer = await post(url, fields);
      if (!answer) {
        if (wanted === wish) {
          say(texts.retrying, true);
          await wait(Math.min(500 * 2 ** tries, 2000));
        }
        continue;
      }
      if (wanted === wish) {
        wanted = null;
      }
      if (answer.saved) {
        mine = { round: wish.round, card: wish.card, reason: wish.card ? wish.reason : "" };
        const reason = document.getElementById("reason");
        if (reason && reason.value === wish.reason) {
          reason.defaultValue = wish.reason; // no longer only typed
        }
        say(wish.card ? `${texts.saved} ${wish.card}` : texts.takenBack);
        screens?.postMessage("voted");
        pollWithoutStream();
      } else {
        say(answer.problem, true);
        askOwnVote();
        poll();
      }
    }
    sending = false;
    showOwnCard();
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

  async function askOwnVote() {
    try {
      const response = await fetch(texts.ownVote, { headers: { Accept: "application/json" } });
      if (response.ok && !wanted) {
        const told = await response.json();
        if (told.round === roundOnTable()) {
          const reason = document.getElementById("reason");
          if (reason && reason.value === reason.defaultValue) {
            reason.value = told.reason;
            reason.defaultValue = told.reason;
          }
          mine = { round: told.round, card: told.card, reason: told.reason };
          showOwnCard();
        }
      }
    } catch {
      // The next frame asks again.
    }
  }

  /* Another tab or my phone may have voted for me. */
  function checkOwnVote(states) {
    const place = [...seatList.children].findIndex((seat) => seat.dataset.seat === texts.seat);
    const letter = (states[place] ?? "n").toLowerCase();
    if (!wanted && ((letter === "v" && !mine.card) || (letter === "m" && mine.card))) {
      askOwnVote();
    }
  }

  const screens = "BroadcastChannel" in window ? new BroadcastChannel(`estimation ${texts.state}`) : null;
  screens?.addEventListener("message", askOwnVote);

  /* --- Forms */

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!("room" in form.dataset) || !button) {
      return;
    }
    event.preventDefault();
    if (form.id === "form-vote") {
      play(button.value);
    } else {
      act(form, button);
    }
  });

  async function act(form, button) {
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    const url = button.getAttribute("formaction");
    const fields = new FormData(form, button);
    button.setAttribute("aria-busy", "true");
    button.closest("details.menu")?.removeAttribute("open");
    let answer = await post(url, fields);
    if (answer?.question && (await confirmed(answer.question))) {
      fields.set("early", "yes");
      answer = await post(url, fields);
    }
    button.removeAttribute("aria-busy");
    if (!answer) {
      say(texts.unsent, true);
    } else if (!answer.saved && answer.problem) {
      say(answer.problem, true);
      poll();
    } else if (answer.saved) {
      say("");
      document.getElementById("settle-other")?.form?.reset();
      pollWithoutStream();
    }
  }

  function confirmed(question) {
    const dialog = document.getElementById("confirm");
    document.getElementById("confirm-text").textContent = question;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((decide) => {
      dialog.addEventListener("close", () => decide(dialog.returnValue === "yes"), { once: true });
    });
  }

  document.getElementById("confirm-yes").addEventListener("click", () => document.getElementById("confirm").close("yes"));
  document.getElementById("confirm-no").addEventListener("click", () => document.getElementById("confirm").close(""));

  /* --- The connection */

  let stream = null;
  let heard = Date.now();
  let failures = 0;
  let etag = "";
  let polling = null;
  let bannerShown;

  function connect() {
    stream?.close();
    heard = Date.now();
    stream = new EventSource(`${texts.feed}?have=${encodeURIComponent(have())}`);
    stream.addEventListener("open", () => {
      heard = Date.now();
      failures = 0;
      connected(true);
    });
    stream.addEventListener("message", (event) => {
      heard = Date.now();
      apply(JSON.parse(event.data));
    });
    stream.addEventListener("ping", () => {
      heard = Date.now();
    });
    stream.addEventListener("gone", () => location.reload());
    stream.addEventListener("error", lost);
  }

  /* By this script and not by the browser, so that what is shown by then is not sent again, and not all at once. */
  async function lost() {
    stream.close();
    stream = null;
    failures += 1;
    if (failures > 1 && !(await poll())) {
      connected(false);
    }
    setTimeout(connect, Math.min(250 * 2 ** failures, 3000) * (0.5 + Math.random()));
  }

  /* A second after the first failure: the next one, which may come sooner, must not put it off. */
  function connected(is) {
    if (is) {
      clearTimeout(bannerShown);
      bannerShown = undefined;
      banner.hidden = true;
    } else {
      bannerShown ??= setTimeout(() => {
        banner.hidden = false;
      }, 1000);
    }
  }

  /* Asks for the present state; whether there was an answer. Who asks meanwhile waits for the same one. */
  function poll() {
    polling ??= ask().finally(() => {
      polling = null;
    });
    return polling;
  }

  async function ask() {
    try {
      const response = await fetch(`${texts.state}?have=${encodeURIComponent(have())}`, {
        headers: { Accept: "application/json", ...(etag && { "If-None-Match": etag }) },
        cache: "no-store",
      });
      if (response.status === 404 || response.status === 403 || response.redirected) {
        location.reload();
      }
      if (response.ok) {
        etag = response.headers.get("ETag") ?? "";
        apply(await response.json());
      }
      if (response.ok || response.status === 304) {
        connected(true);
        return true;
      }
    } catch {
      // Told below.
    }
    return false;
  }

  function pollWithoutStream() {
    if (stream?.readyState !== EventSource.OPEN) {
      poll();
    }
  }

  setInterval(() => {
    if (stream?.readyState === EventSource.OPEN) {
      if (Date.now() - heard > SILENCE) {
        connect();
      }
    } else if (!document.hidden) {
      poll();
    }
  }, POLL);

  function awake() {
    if (document.hidden) {
      return;
    }
    if (stream?.readyState !== EventSource.OPEN || Date.now() - heard > SILENCE / 2) {
      failures = 0;
      connect();
      poll();
    }
    askOwnVote();
  }

  document.addEventListener("visibilitychange", awake);
  window.addEventListener("online", awake);
  window.addEventListener("pageshow", (event) => event.persisted && awake());
  window.addEventListener("pagehide", () => stream?.close());

  /* --- The timer, by the server's clock */

  function tick() {
    const timer = part("stage").querySelector("[data-timer]");
    if (!timer) {
      return;
    }
    const left = Math.max(0, Math.ceil(Number(timer.dataset.timer) - (Date.now() + clock) / 1000));
    const over = left === 0;
    write(timer, over ? timer.dataset.over : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    if (over && !timer.classList.contains("is-over")) {
      timer.classList.add("is-over");
      announce(timer.dataset.over);
    }
  }

  setInterval(tick, 250);

  /* --- Keys. They can be turned off, for whoever speaks to the computer. */

  const help = document.getElementById("help");
  const keysOn = document.getElementById("keys-on");
  const helpButton = document.getElementById("help-button");
  const KEYS_OFF = "estimation: keys off";
  keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) {
      localStorage.removeItem(KEYS_OFF);
    } else {
      localStorage.setItem(KEYS_OFF, "yes");
    }
  });
  helpButton.hidden = false;
  helpButton.addEventListener("click", () => help.showModal());

  let digits = "";
  let digitsDone;

  function typeDigit(digit) {
    clearTimeout(digitsDone);
    digits += digit;
    const labels = [...part("deck").querySelectorAll(".card")].map((card) => card.value);
    const longer = labels.some((label) => label.startsWith(digits) && label !== digits);
    const finish = () => {
      const label = digits;
      digits = "";
      if (labels.includes(label)) {
        part("deck").querySelector(`.card[value="${CSS.escape(label)}"]`).focus();
        if (mine.card !== label || wanted) {
          play(label);
        }
      }
    };
    if (longer) {
      digitsDone = setTimeout(finish, 700); // a 1 may become a 13
    } else {
      finish();
    }
  }

  function along(step) {
    const cards = [...part("deck").querySelectorAll(".card:not(:disabled)")];
    if (!cards.length) {
      return;
    }
    const present = cards.indexOf(document.activeElement);
    const pressed = cards.findIndex((card) => card.getAttribute("aria-pressed") === "true");
    const next = present >= 0 ? present + step : Math.max(pressed, 0);
    cards[(next + cards.length) % cards.length].focus();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !keysOn.checked) {
      return;
    }
    if (/^[0-9]$/.test(event.key)) {
      typeDigit(event.key);
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      along(event.key === "ArrowLeft" ? -1 : 1);
    } else if (event.key === "?") {
      help.showModal();
    } else if (/^[rn]$/i.test(event.key)) {
      document.querySelector(`[data-shortcut="${event.key.toLowerCase()}"]`)?.click();
    } else {
      return;
    }
    event.preventDefault();
  });

  markOwnSeat();
  tick();
  connect();
})();
