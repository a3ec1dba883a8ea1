// The desk's page: the live stream, the alarm, the clocks, the keys. Words never pass through here but as
// HTML that the server has escaped.
"use strict";

const STALE_AFTER = 12_000;
const RECONNECT_AFTER = 3_000;
const REMIND_AFTER = 60_000;
const HERE_EVERY = 60_000;
const REFRESH_EVERY = 4_000;
const SEEN = "harborline.seen";
const SOUND = "harborline.sound";
const SHORTCUTS = "harborline.shortcuts";
const RANK = { NONE: 0, CONCERN: 1, CRISIS: 2, EMERGENCY: 3 };
const NAMES = { NONE: "Somebody", CONCERN: "Concern", CRISIS: "Crisis", EMERGENCY: "Emergency" };

const page = document.body.dataset;
const byId = (id) => document.getElementById(id);
const title = document.title;
// The clocks count from the server's time, whatever this machine's clock says.
const ahead = Date.parse(page.now) - Date.now();
const now = () => Date.now() + ahead;

// The alarm.

let audio = null;
// What would have sounded before somebody touched this page, which browsers wait for.
let missed = "";

function soundOn() {
  return localStorage.getItem(SOUND) !== "off";
}

function wakeAudio() {
  if (audio === null) {
    audio = new AudioContext();
    audio.onstatechange = () => {
      showMuted();
      if (audio.state === "running" && missed) sound(missed);
    };
  }
  if (audio.state === "suspended") audio.resume().then(showMuted, () => {});
  showMuted();
}

function showMuted() {
  byId("muted").hidden = !soundOn() || audio.state === "running";
}

function tone(frequency, from, length) {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.35, from + 0.02);
  volume.gain.linearRampToValueAtTime(0, from + length);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(from);
  oscillator.stop(from + length);
}

function sound(level) {
  if (!soundOn()) return;
  wakeAudio();
  if (audio.state !== "running") {
    missed = level;
    return;
  }
  missed = "";
  const start = audio.currentTime;
  if (level === "EMERGENCY") [0, 0.25, 0.5, 1, 1.25, 1.5].forEach((at) => tone(880, start + at, 0.18));
  else if (level === "CRISIS") [0, 0.3].forEach((at) => tone(660, start + at, 0.22));
  else tone(520, start, 0.2);
}

function showSound() {
  const button = byId("sound");
  button.hidden = false;
  button.textContent = soundOn() ? "Sound on" : "Sound off";
  button.setAttribute("aria-pressed", String(soundOn()));
  if (soundOn()) wakeAudio();
  else byId("muted").hidden = true;
}

function switchSound() {
  localStorage.setItem(SOUND, soundOn() ? "off" : "on");
  showSound();
  if (soundOn()) sound("CONCERN");
}

// What waits, and what of it is new to this tab.

let lastReminder = 0;

const keyOf = (waiting) => `${waiting.id} ${waiting.level} ${waiting.since}`;

function receive(state) {
  const waits = state.cases.filter((waiting) => waiting.waits);
  const seen = new Set(JSON.parse(sessionStorage.getItem(SEEN) || "[]"));
  const fresh = waits.filter((waiting) => !seen.has(keyOf(waiting)));
  sessionStorage.setItem(SEEN, JSON.stringify(waits.map(keyOf)));
  if (fresh.length > 0) alarm(fresh);
  else remind(waits);
  if (waits.length === 0) byId("alarm").textContent = "";
  badge(state.waiting, waits);
  const count = byId("waiting-count");
  if (count) count.textContent = state.waiting ? `${state.waiting} waiting` : "Nobody waits.";
}

function highest(waits) {
  return waits.reduce((top, one) => (RANK[one.level] > RANK[top.level] ? one : top));
}

function alarm(fresh) {
  const top = highest(fresh);
  lastReminder = Date.now();
  sound(top.level);
  const link = document.createElement("a");
  link.href = "/staff/queue";
  link.textContent = fresh.length === 1 ? "Look into the queue." : `${fresh.length} new. Look into the queue.`;
  byId("alarm").replaceChildren(`${NAMES[top.level]}: somebody new waits. `, link);
}

function remind(waits) {
  const emergency = waits.some((waiting) => waiting.level === "EMERGENCY");
  if (!emergency || Date.now() - lastReminder < REMIND_AFTER) return;
  lastReminder = Date.now();
  sound("EMERGENCY");
}

function badge(count, waits) {
  const sign = waits.some((waiting) => waiting.level === "EMERGENCY") ? "▲ " : "";
  document.title = count ? `${sign}(${count}) ${title}` : title;
}

// Fetching what changed, without taking anything away from whoever is reading or typing.

let shown = "";
let lastRefresh = 0;
let refreshSoon = 0;

function refresh() {
  const wait = page.case ? REFRESH_EVERY - (Date.now() - lastRefresh) : 0;
  clearTimeout(refreshSoon);
  if (wait > 0) {
    refreshSoon = setTimeout(refresh, wait);
    return;
  }
  lastRefresh = Date.now();
  if (!window.htmx) return;
  htmx.ajax("GET", page.refresh, { target: page.target, headers: { "X-Background": "1" } });
}

function renew(state, text) {
  if (!page.refresh) return;
  const mine = page.case ? state.cases.find((one) => one.id === page.case) : null;
  const latest = page.case ? (mine ? mine.turns : "") : text;
  const before = shown;
  shown = latest;
  if (page.case) caseChanged(mine);
  if (before !== latest && (before !== "" || !page.case)) refresh();
}

let standing = null;

function caseChanged(mine) {
  const latest = mine ? `${mine.waits} ${mine.level} ${mine.waits ? mine.since : ""}` : "closed";
  if (standing !== null && standing !== latest) byId("changed").hidden = false;
  standing = latest;
}

// The stream. EventSource reconnects by itself; a clock that never sleeps sees to it when that fails.

let stream = null;
let heard = Date.now();
let opened = 0;

function lamp(state, text) {
  const element = byId("lamp");
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.querySelector(".lamp-text").textContent = text;
}

function listen() {
  if (stream) stream.close();
  opened = Date.now();
  stream = new EventSource(page.live);
  stream.addEventListener("hello", () => { heard = Date.now(); });
  stream.addEventListener("queue", (event) => {
    heard = Date.now();
    lamp("live", "Live");
    const state = JSON.parse(event.data);
    receive(state);
    renew(state, event.data);
  });
  stream.addEventListener("stale", () => {
    heard = Date.now();
    lamp("stale", "Stale: no database");
  });
  stream.addEventListener("superseded", () => {
    stream.close();
    heard = Infinity;
    lamp("stale", "Live in another tab");
  });
  stream.addEventListener("locked", () => {
    if (page.locked === undefined) leave("/staff/locked");
  });
  stream.addEventListener("ended", () => leave("/staff/login"));
}

function leave(path) {
  stream.close();
  location.replace(`${path}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function watch() {
  clocks();
  const silent = Date.now() - heard;
  if (silent > STALE_AFTER) lamp("stale", "Stale: no connection");
  const broken = stream.readyState === EventSource.CLOSED || silent > STALE_AFTER;
  if (broken && heard !== Infinity && Date.now() - opened > RECONNECT_AFTER) listen();
}

function look() {
  if (document.visibilityState !== "visible") return;
  if (heard === Infinity || Date.now() - heard > STALE_AFTER) {
    heard = Date.now();
    listen();
  }
}

// Clocks.

function span(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 1) return "under 1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

function clocks() {
  for (const clock of document.querySelectorAll(".clock")) {
    const { since, until } = clock.dataset;
    const text = since ? span(now() - Date.parse(since)) : span(Date.parse(until) - now());
    if (clock.textContent !== text) clock.textContent = text;
  }
}

// Somebody who types or moves the mouse is there, whether or not a page is loaded.

let here = Date.now();

function isHere() {
  if (page.locked !== undefined || Date.now() - here < HERE_EVERY) return;
  here = Date.now();
  fetch(page.case ? `/staff/here?case=${page.case}` : "/staff/here", { credentials: "same-origin" }).catch(() => {});
}

// Keys.

function shortcutsOn() {
  return localStorage.getItem(SHORTCUTS) !== "off";
}

function move(by) {
  const links = [...document.querySelectorAll(".case .open, .line .open")];
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at + by))];
  if (next) next.focus();
}

const KEYS = {
  n: () => byId("next")?.focus(),
  t: () => byId("take")?.focus(),
  m: () => byId("note")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  q: () => location.assign("/staff/queue"),
  s: switchSound,
  "?": () => location.assign("/staff/help"),
};

// A digit chooses a verdict; saving it is another key.
function choose(number) {
  const choice = byId(`verdict-${number}`);
  if (!choice) return false;
  choice.checked = true;
  choice.focus();
  return true;
}

function pressed(event) {
  const typing = event.target.matches("input:not([type=radio]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn()) return;
  if (/^[1-9]$/.test(event.key) && choose(event.key)) {
    event.preventDefault();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function showShortcuts() {
  const button = byId("shortcuts");
  if (!button) return;
  button.textContent = shortcutsOn() ? "Shortcuts are on" : "Shortcuts are off";
  button.setAttribute("aria-pressed", String(shortcutsOn()));
}

byId("sound").addEventListener("click", switchSound);
byId("shortcuts")?.addEventListener("click", () => {
  localStorage.setItem(SHORTCUTS, shortcutsOn() ? "off" : "on");
  showShortcuts();
});
byId("try-sound")?.addEventListener("click", () => sound("EMERGENCY"));
document.addEventListener("keydown", pressed);
for (const sign of ["keydown", "pointerdown"]) {
  document.addEventListener(sign, () => { if (soundOn()) wakeAudio(); isHere(); });
}
for (const sign of ["pageshow", "focus"]) window.addEventListener(sign, look);
document.addEventListener("visibilitychange", look);
window.addEventListener("online", () => listen());

showSound();
showShortcuts();
listen();
new Worker("/static/desk-timer.js").onmessage = watch;
