// Making elements. Words are only ever set as text, so markup in them stays words and Trusted Types have
// nothing to object to.

const ICONS = {
  chat: "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  close: "M6 6l12 12M18 6L6 18",
  leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  phone: "M7 3l3 .4 1 4-2 2c1 2 2.600 3.600 4.600 4.600l2-2 4 1 .4 3C20 18.500 18 20 16.500 20 10 20 4 14 4 7.500 4 5.500 5.500 3 7 3z",
  sms: "M4 5h16v11h-8l-4 4v-4H4zM8 9h8M8 12h5",
  send: "M4 12l16-8-6 16-3-6z",
  up: "M7 11v9H4v-9zM7 11l4-7c1.500 0 2.500 1 2.200 2.500L12.500 10H18c1.500 0 2.300 1 2 2.300l-1.500 6c-.3 1-1 1.700-2 1.700H7",
  down: "M7 13V4H4v9zM7 13l4 7c1.500 0 2.500-1 2.200-2.500L12.500 14H18c1.500 0 2.300-1 2-2.300l-1.500-6C18.200 4.700 17.500 4 16.500 4H7",
};
const NUMBER = /(\+?\(?\d[\d ()-]{5,}\d)/;

function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") made.textContent = value;
    else if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", ICONS[name]);
  drawing.append(line);
  return drawing;
}

function button(text, click, properties = {}, ...children) {
  return make("button", { type: "button", click, ...properties }, ...children, text && make("span", { text }));
}

function relabel(control, words) {
  control.querySelector("span")?.remove();
  control.append(make("span", { text: words }));
}

/** Paragraphs of a text, in which no phone number is broken over two lines. */
function paragraphs(text) {
  return text.split(/\n\n+/).map((part) =>
    make(
      "p",
      {},
      ...part.split(NUMBER).map((piece, place) => (place % 2 ? make("span", { class: "number", text: piece }) : piece)),
    ),
  );
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A link to tap: what it does, and the number where its label does not hold it. */
function tap({ label, href, number, lang }) {
  const phone = href.startsWith("tel:");
  const away = href.startsWith("http") ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return make(
    "a",
    { class: "tap", href, lang, ...away },
    phone ? icon("phone") : href.startsWith("sms:") && icon("sms"),
    make("span", { text: label }, number && " ", number && make("b", { text: number })),
  );
}

function taps(links, className) {
  return make("ul", { class: className, role: "list" }, ...links.map((link) => make("li", {}, tap(link))));
}

function newId() {
  // crypto.randomUUID is missing on plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
