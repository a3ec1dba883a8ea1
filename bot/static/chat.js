// The chat box of the demo page. What people and the server write is only ever set as text,
// and nothing is kept in the browser.

const TIMEOUT = 15_000; // The server answers within three seconds; the rest is for a bad mobile line.
const TYPING_DELAY = 250;

const texts = JSON.parse(document.getElementById("texts").textContent);
const log = document.getElementById("log");
const typing = document.getElementById("typing");
const composer = document.getElementById("composer");
const box = document.getElementById("message");
const languageSwitch = document.getElementById("switch");

let language = document.documentElement.lang;
let chosenLanguage = null; // Sent once, with the first message after the person switched.
let opening = null; // A promise of {conversation, token}.
let somebodyWrote = false;
let waiting = 0;

class Refused extends Error {
  constructor(body) {
    super("refused");
    this.body = body;
  }
}

// --- Talking to the server ---------------------------------------------------------------------

async function post(path, body, token) {
  const headers = { "Content-Type": "application/json", "Accept-Language": language };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const answer = await response.json();
  if (response.status === 408 || response.status >= 500) throw new Error(`status ${response.status}`);
  return { status: response.status, answer };
}

function open() {
  opening ??= start().catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

async function start() {
  const asked = language;
  const { status, answer } = await post("/api/conversations", { language: asked });
  if (status !== 201) throw new Refused(answer);
  // Nobody needs a greeting in the language that they have just switched away from.
  if (asked === language || somebodyWrote) show(answer.replies.map(reply));
  return answer;
}

async function ask(message) {
  const chat = await open();
  const body = {
    conversation: chat.conversation,
    client_message_id: message.id,
    text: message.text,
    ...(message.language && { language: message.language }),
  };
  const { status, answer } = await post("/api/messages", body, chat.token);
  if (status === 401 && !message.reopened) {
    // The token has expired: the words go into a new conversation.
    opening = null;
    return ask({ ...message, reopened: true });
  }
  if (status !== 200) throw new Refused(answer);
  return answer.replies;
}

async function send(message) {
  setWaiting(+1);
  try {
    const replies = await ask(message);
    settle(message);
    show(replies.map(reply));
  } catch (error) {
    settle(message);
    if (error instanceof Refused) show([refusal(error.body)]);
    else fail(message);
  } finally {
    setWaiting(-1);
  }
}

function newId() {
  // crypto.randomUUID is missing on plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

// --- Showing -----------------------------------------------------------------------------------

function element(tag, { className = "", text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function speaker(name) {
  return element("span", { className: "hidden", text: `${texts[language][name]} ` });
}

function taps(links) {
  const items = links.map(({ label, href, number }) => {
    const inside = element("span", { text: label });
    if (number) inside.append(" ", element("small", { text: number }));
    return element("li", {}, element("a", { className: "tap", href }, inside));
  });
  return element("ul", { className: "taps" }, ...items);
}

/** A paragraph in which no number is broken over two lines. */
function paragraph(text) {
  const parts = text.split(/(\+?\d[\d ()-]{5,}\d)/);
  const pieces = parts.map((part, place) =>
    place % 2 ? element("span", { className: "number", text: part }) : part,
  );
  return element("p", {}, ...pieces);
}

function reply({ kind, text, language: spoken, quick_replies: quick, source, links }) {
  const card = element("div", { className: `said bot ${kind}`, lang: spoken }, speaker("bot"));
  const [first, ...rest] = text.split(/\n\n/);
  if (kind === "crisis") card.append(element("h3", { text: texts[spoken].crisis }));
  // A small screen shows the first words and the taps of a crisis card without scrolling.
  const early = kind === "crisis" && links.length > 0;
  card.append(paragraph(early ? first : text));
  if (links.length) card.append(taps(links));
  if (early && rest.length) card.append(paragraph(rest.join("\n\n")));
  if (source) card.append(element("p", { className: "source", text: sourceLine(source, spoken) }));
  if (quick.length) card.append(quickReplies(quick, spoken));
  return card;
}

function sourceLine(source, spoken) {
  const date = new Intl.DateTimeFormat(spoken, { dateStyle: "long", timeZone: "UTC" });
  const text = texts[spoken][source.authority ? "source_authority" : "source"];
  return fill(text, { ...source, date: date.format(new Date(source.reviewed_on)) });
}

function quickReplies(quick, spoken) {
  const buttons = quick.map((text) => {
    const button = element("button", { type: "button", text });
    button.addEventListener("click", () => say(text));
    return button;
  });
  const label = { role: "group", "aria-label": texts[spoken].suggestions };
  return element("div", { className: "quick", ...label }, ...buttons);
}

function refusal({ error, help, links }) {
  const card = element("div", { className: "said bot unsent" }, speaker("bot"));
  card.append(paragraph(error.message), paragraph(help), taps(links));
  return card;
}

function unreachable() {
  const card = element("div", { className: "said bot unsent" });
  card.append(element("p", { text: texts[language].unreachable }), taps(texts[language].links));
  return card;
}

function show(cards) {
  if (!cards.length) return;
  typing.before(...cards);
  keepInView(cards[0]);
}

/** Scroll to the end, but never past the beginning of what is new. */
function keepInView(first) {
  if (log.scrollHeight > log.clientHeight) {
    log.scrollTop = Math.min(first.offsetTop - log.offsetTop - 12, log.scrollHeight);
  } else {
    first.scrollIntoView({ block: "nearest" });
  }
}

function setWaiting(change) {
  waiting += change;
  if (!waiting) typing.hidden = true;
  else
    setTimeout(() => {
      if (!waiting || !typing.hidden) return;
      typing.hidden = false;
      log.scrollTop = log.scrollHeight;
    }, TYPING_DELAY);
}

// --- Writing -----------------------------------------------------------------------------------

function say(text) {
  dropQuickReplies();
  const words = element("p", { text });
  const bubble = element("div", { className: "said me" }, speaker("you"), words);
  const message = { id: newId(), text, bubble, language: chosenLanguage };
  chosenLanguage = null;
  somebodyWrote = true;
  typing.before(bubble);
  log.scrollTop = log.scrollHeight;
  send(message);
}

function dropQuickReplies() {
  for (const group of log.querySelectorAll(".quick")) {
    // The button that has just been pressed goes away with its group; the focus must not be lost.
    if (group.contains(document.activeElement)) log.focus({ preventScroll: true });
    group.remove();
  }
}

function settle(message) {
  message.bubble.querySelector(".failed")?.remove();
  for (const notice of log.querySelectorAll(".unreachable")) notice.remove();
}

function fail(message) {
  const again = element("button", { type: "button", text: texts[language].retry });
  const state = element("p", { className: "failed" }, `${texts[language].not_sent} `, again);
  again.addEventListener("click", () => {
    log.focus({ preventScroll: true });
    state.replaceChildren(texts[language].sending_again);
    send(message); // With the same id: if the first attempt arrived after all, it is not done twice.
  });
  message.bubble.append(state);
  showUnreachable();
  keepInView(message.bubble);
}

function showUnreachable() {
  const notice = unreachable();
  notice.classList.add("unreachable");
  show([notice]);
}

// --- The page ----------------------------------------------------------------------------------

function setLanguage(next) {
  const [here, words] = [language, texts[next]];
  language = next;
  document.documentElement.lang = next;
  document.title = words.title;
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = words[place.dataset.text];
  for (const place of document.querySelectorAll("[data-label]"))
    place.setAttribute("aria-label", words[place.dataset.label]);
  document.getElementById("line-links").replaceChildren(...taps(words.links).children);
  Object.assign(languageSwitch, { textContent: words.switch, href: `/?lang=${here}`, lang: here, hreflang: here });
  history.replaceState(null, "", `/?lang=${next}`);
}

languageSwitch.addEventListener("click", (event) => {
  event.preventDefault();
  setLanguage(languageSwitch.hreflang);
  if (somebodyWrote) {
    chosenLanguage = language;
    return;
  }
  for (const card of log.querySelectorAll(".said")) card.remove();
  opening = null;
  open().catch(showUnreachable);
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value;
  box.value = "";
  box.focus();
  if (text.trim()) say(text);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.getElementById("stuck").remove();
log.hidden = false;
composer.hidden = false;
open().catch(showUnreachable);
