// Comforts on top of pages that work without them: keys, count-downs, menus.

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(target)) {
    const search = document.getElementById("search");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
  moveInMatrix(event, target);
});

// Arrow keys between the cells of a comparison; cells without a focus stop are passed over.
function moveInMatrix(event, target) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const cell = target.closest("table.matrix td, table.matrix th");
  if (!step || !cell || typing(target)) return;
  const rows = [...cell.closest("table").rows];
  let row = rows.indexOf(cell.parentElement);
  let column = cell.cellIndex;
  for (;;) {
    row += step[0];
    column += step[1];
    const next = rows[row]?.cells[column];
    if (!next) return;
    const focusable = next.matches("[tabindex]") ? next : next.querySelector("a, button, input, [tabindex]");
    if (focusable) {
      event.preventDefault();
      focusable.focus();
      return;
    }
  }
}

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// Count-downs and the clock run on the server's time, whatever the device believes.
const clock = document.getElementById("server-time");
const ahead = clock ? Date.parse(clock.dateTime) - Date.now() : 0;

function remaining(milliseconds) {
  const units = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2 });
  const seconds = Math.floor(milliseconds / 1000);
  const hours = Math.floor(seconds / 3600);
  return `${hours}:${units.format(Math.floor(seconds / 60) % 60)}:${units.format(seconds % 60)}`;
}

function tick() {
  const now = Date.now() + ahead;
  document.querySelectorAll("[data-until]").forEach((element) => {
    const left = Date.parse(element.dataset.until) - now;
    if (left > 0 && left < 24 * 3600 * 1000) {
      element.textContent = remaining(left);
      element.toggleAttribute("data-near", left < 3600 * 1000);
    }
  });
}

if (document.querySelector("[data-until]")) {
  tick();
  setInterval(tick, 1000);
}

// What is shown only once: copy it, or at least select it where the clipboard is out of reach; print it.
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.getElementById(`${field.id}-copied`);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    said.textContent = button.dataset.copied;
  } catch {
    said.textContent = button.dataset.selected;
    field.focus();
  }
}

document.querySelectorAll("[data-copy]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
});
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});

// Which columns of a list a person wants to see, kept in this browser. A list that got another
// number of columns begins anew; where nothing can be kept, the choice lasts as long as the page.
function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? [];
  } catch {
    return [];
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // forbidden or full: nothing to do about it
  }
}

function offerColumns(choice) {
  const rows = [...choice.nextElementSibling.querySelector("table").rows];
  const heads = [...rows[0].cells];
  const name = `columns ${choice.dataset.person} ${choice.dataset.columns} ${heads.length}`;
  const without = new Set(kept(name));
  const show = (index) => rows.forEach((row) => { row.cells[index].hidden = without.has(index); });
  heads.forEach((head, index) => {
    const words = head.textContent.replace(/[↑↓]/g, "").trim();
    const named = rows.some((row) => row.cells[index].matches("tbody th"));
    if (named || !words || head.querySelector(".visually-hidden")) return;
    const label = document.createElement("label");
    label.className = "form-check";
    label.innerHTML = '<input class="form-check-input" type="checkbox"> <span class="form-check-label"></span>';
    label.lastElementChild.textContent = words;
    label.firstElementChild.checked = !without.has(index);
    label.firstElementChild.addEventListener("change", (event) => {
      without[event.target.checked ? "delete" : "add"](index);
      keep(name, [...without]);
      show(index);
    });
    choice.querySelector("fieldset").append(label);
    show(index);
  });
  choice.hidden = false;
}

document.querySelectorAll("details[data-columns]").forEach(offerColumns);

// A form that saves itself while people type. It says what became of it, tries again what could not
// be sent, and does not let the page go while something is not saved.
const RETRY_AFTER = 10_000;

function saveByItself(form) {
  const said = document.querySelector(form.getAttribute("hx-target"));
  const retry = () => form.dispatchEvent(new Event("retry"));
  let typed = form.hasAttribute("data-unsaved") ? 1 : 0;
  let sent = 0;
  let saved = 0;
  let busy = false;
  let leaving = false;
  let waiting = null;
  let timer;
  const failed = (words) => {
    if (said.textContent !== words) said.textContent = words;
    clearTimeout(timer);
    timer = setTimeout(retry, RETRY_AFTER);
  };
  form.addEventListener("input", () => { typed += 1; });
  form.addEventListener("htmx:before:request", (event) => {
    // the answer to an earlier request may have brought a newer version
    event.detail.ctx.request.body.set("version", document.getElementById("bid-version").value);
    sent = typed;
    busy = true;
  });
  form.addEventListener("htmx:after:request", (event) => {
    const { headers, status } = event.detail.ctx.response;
    // anything else is a page about a failure, or the one to sign in
    if (headers.has("X-Fragment")) {
      if (status === 200) saved = sent;
      return;
    }
    event.preventDefault();
    failed(form.dataset.failed);
    renewToken(form);
  });
  form.addEventListener("htmx:error", () => failed(form.dataset.offline));
  form.addEventListener("htmx:finally:request", () => {
    busy = false;
    if (waiting) waiting();
    waiting = null;
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form) return;
    if (!navigator.onLine) {
      event.preventDefault();
      failed(form.dataset.offline);
    } else if (busy) {
      event.preventDefault();
      const button = event.submitter;
      waiting = () => setTimeout(() => form.requestSubmit(button));
    } else {
      leaving = true;
    }
  });
  said.addEventListener("click", (event) => {
    if (event.target.matches("[data-leaves]")) leaving = true;
  });
  addEventListener("online", () => { if (typed !== saved) retry(); });
  addEventListener("beforeunload", (event) => {
    if (typed !== saved && !leaving) event.preventDefault();
  });
}

// Who was signed out and has signed in again elsewhere goes on with the token of the new session.
async function renewToken(form) {
  try {
    const answer = await fetch(location.pathname);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(`#${form.id} [name=csrf_token]`);
    if (fresh) form.querySelector("[name=csrf_token]").value = fresh.value;
  } catch {
    // no connection: the next attempt says so
  }
}

document.querySelectorAll("form[data-saves-itself]").forEach(saveByItself);

// A refused form: go to what has to be corrected.
document.getElementById("errors")?.focus();
