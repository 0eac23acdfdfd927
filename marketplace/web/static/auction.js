// The live page of an auction: a stream of numbered events, count-downs by the server's time, and a
// question before each bid. Without this file the page refreshes itself and asks on a page of its own.

const root = document.getElementById("auction");
const log = document.getElementById("auction-log");
const banner = document.getElementById("auction-offline");
const says = document.getElementById("auction-says");
const words = root.dataset;
const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: words.currency });

let ahead = Date.parse(words.now) - Date.now();
let last = Number(words.after);
let changed = false;

const board = () => document.getElementById("auction-board");
const lotOf = (id) => board().querySelector(`[data-lot="${CSS.escape(id)}"]`);
const say = (text) => { says.textContent = text; };

// --- the stream: what was seen is never shown again, what was missed is sent again

const streamed = `${words.url}/events`;
const fallback = `${words.url}/events`;
// short streams end all the time: silence means something only after several of them
const patience = 6000;
let source = null;
let silent = null;

function connect(address, patience) {
  source?.close();
  source = new EventSource(`${address}?after=${last}`, { withCredentials: true });
  let opened = false;
  source.addEventListener("open", () => {
    opened = true;
    clearTimeout(silent);
    silent = null;
    banner.hidden = true;
  });
  source.addEventListener("error", () => {
    if (!opened && address !== fallback) {
      connect(fallback, 6000);
      return;
    }
    silent ??= setTimeout(() => { banner.hidden = false; }, patience);
    // a browser gives up for good after some refusals; the number of the last event is in the address
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(address, patience), 3000);
  });
  for (const kind of ["planned", "started", "bid", "withdrawn", "left", "extended", "paused", "resumed", "closed", "cancelled"]) {
    source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  }
}

window.addEventListener("offline", () => { banner.hidden = false; });
window.addEventListener("online", () => connect(streamed, patience));

function take(event) {
  if (event.number <= last) return;
  last = event.number;
  changed = true;
  note(event);
  const steers = event.kind !== "bid" && event.kind !== "withdrawn";
  if (words.buyer === "1" || event.own || steers || event.over) {
    refresh(words.buyer === "1" || event.own ? 0 : Math.random() * 800);
    return;
  }
  show(event);
  // who must beat the best price needs to know the new limit; not all at the same moment
  if (event.best && words.beat === "best") refresh(300 + Math.random() * 1500);
}

function show(event) {
  const lot = lotOf(event.lot_id);
  if (!lot) return;
  const said = [];
  if (event.rank !== undefined) {
    put(lot, "[data-rank]", event.rank);
    said.push(words.sayRank.replace("{rank}", event.rank));
  }
  if (event.best !== undefined) {
    put(lot, "[data-best]", money.format(event.best));
    said.push(words.sayBest.replace("{price}", money.format(event.best)));
  }
  if (event.extended) {
    lot.querySelector("[data-change]")?.setAttribute("data-change", event.ends_at);
    said.push(words.sayTime.replace("{time}", clockTime(event.ends_at)));
  }
  if (said.length) say(said.join(" "));
}

function put(lot, selector, text) {
  const place = lot.querySelector(selector);
  if (place) place.textContent = text;
}

const clockFace = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium", hourCycle: "h23", timeZone: words.zone });
const clockTime = (at) => clockFace.format(new Date(at));

function note(event) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  item.dataset.number = event.number;
  time.textContent = clockTime(event.at);
  const parts = [];
  if (event.amount) parts.push(money.format(event.amount));
  if (event.rank !== undefined) parts.push(words.sayRank.replace("{rank}", event.rank));
  if (event.best) parts.push(words.sayBest.replace("{price}", money.format(event.best)));
  if (event.extended) parts.push(words.sayTime.replace("{time}", clockTime(event.ends_at)));
  if (event.over) parts.push(words.sayOver);
  if (event.reason) parts.push(event.reason);
  item.append(time, ` ${parts.join(" · ")}`);
  log.prepend(item);
}

// --- the moving part of the page, fetched anew; what is being typed and where the focus is stays

let waiting = null;

function refresh(delay) {
  if (waiting !== null) return;
  waiting = setTimeout(load, delay);
}

async function load() {
  waiting = null;
  try {
    const answer = await fetch(`${words.url}/board`, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const text = await answer.text();
    swap(text);
    changed = false;
  } catch {
    refresh(3000);
  }
}

function swap(text) {
  const before = board();
  const focus = document.activeElement;
  const kept = [...before.querySelectorAll("input:not([type=hidden])")].map((field) => [field.id, field.value]);
  const open = [...before.querySelectorAll("details")].map((details) => details.open);
  const told = before.dataset.state;
  before.outerHTML = text;
  const now = board();
  for (const [id, value] of kept) {
    const field = id && document.getElementById(id);
    if (field && now.contains(field) && value) field.value = value;
  }
  now.querySelectorAll("details").forEach((details, index) => { if (open[index]) details.open = true; });
  if (focus?.id) document.getElementById(focus.id)?.focus();
  ahead = Date.parse(now.dataset.now) - Date.now();
  const state = document.getElementById("auction-state").content;
  document.querySelector(".page-head [data-state]").replaceWith(state.cloneNode(true));
  sayStanding(now);
  // buttons of the page's head belong to the state
  if (told !== now.dataset.state && words.buyer === "1") location.reload();
}

let standing = new Map();

function sayStanding(now) {
  const said = [];
  now.querySelectorAll("[data-lot]").forEach((lot) => {
    const rank = lot.querySelector("[data-rank]")?.textContent;
    if (rank && standing.get(lot.dataset.lot) !== rank) said.push(words.sayRank.replace("{rank}", rank));
    standing.set(lot.dataset.lot, rank);
  });
  if (said.length) say(said.join(" "));
}

// --- count-downs; when one ends the page is as late as the server's clock says, and no earlier

function tick() {
  const now = Date.now() + ahead;
  board().querySelectorAll("[data-change]").forEach((element) => {
    const left = Date.parse(element.dataset.change) - now;
    element.textContent = left > 0 ? remaining(left) : words.sayEnded;
    element.toggleAttribute("data-near", left < 60_000);
    if (left <= 0) refresh(200 + Math.random() * 800);
  });
}

function remaining(left) {
  const two = (number) => String(number).padStart(2, "0");
  const seconds = Math.ceil(left / 1000);
  const hours = Math.floor(seconds / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

// --- a bid is asked about once, unmistakably

const ask = document.getElementById("auction-ask");
let asked = null;

// a plain number as money; what could be read in two ways stays as it was typed
const decimal = money.formatToParts(0.5).find((part) => part.type === "decimal")?.value ?? ".";
const plain = new RegExp(`^\\d+(\\${decimal}\\d{1,2})?$`);
const priced = (typed) => (plain.test(typed) ? money.format(typed.replace(decimal, ".")) : `${typed} ${words.currency}`);

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.auction-bid");
  const typed = form?.elements["amount.amount"];
  if (!form || form.elements.confirmed || !typed.value.trim()) return;
  event.preventDefault();
  asked = form;
  document.getElementById("auction-ask-price").textContent = form.dataset.price ?? priced(typed.value.trim());
  document.getElementById("auction-ask-lot").textContent = form.dataset.lotName;
  ask.showModal();
});

document.getElementById("auction-ask-no").addEventListener("click", () => ask.close());
document.getElementById("auction-ask-yes").addEventListener("click", () => {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "confirmed", value: "1" });
  asked.append(field);
  ask.close();
  // others' bids may have renewed the board meanwhile, and no browser sends a form that has left the page
  if (!asked.isConnected) {
    asked.hidden = true;
    document.body.append(asked);
  }
  asked.requestSubmit();
});

sayStanding(board());
if (["planned", "running", "paused", "ended"].includes(words.state)) {
  connect(streamed, patience);
  setInterval(tick, 250);
  tick();
  // the curve follows at leisure
  setInterval(() => { if (changed && !document.hidden) refresh(Math.random() * 5000); }, 20_000);
}
