// The simulated phone: shows the texts of one number, sends what is typed. Text is always shown as text.

const EVERY = 700;
const LINES = "In danger, call 911, or call or text 988: free, day and night.";
const find = (id) => document.getElementById(id);
const number = find("number");
const list = find("texts");
let shown = "";

const GSM = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
    "abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");

function length(text) {
  const chars = [...text];
  if (chars.every((char) => GSM.has(char) || EXTENSION.has(char))) {
    const used = chars.reduce((sum, char) => sum + (EXTENSION.has(char) ? 2 : 1), 0);
    return `${used} septets, ${used <= 160 ? 1 : Math.ceil(used / 153)} segment(s)`;
  }
  return `${text.length} units of UCS-2, ${text.length <= 70 ? 1 : Math.ceil(text.length / 67)} segment(s)`;
}

function about(text) {
  const said = [`${text.segments} segment${text.segments === 1 ? "" : "s"}`, text.length];
  if (text.by === "person") said.push(text.milliseconds === null ? "sending" : `answered in ${text.milliseconds} ms`);
  else said.push(text.code ? `${text.state} ${text.code}` : text.state);
  return said.join(" · ");
}

function item(text) {
  const row = document.createElement("li");
  row.className = text.code ? `${text.by} failed` : text.by;
  const said = document.createElement("div");
  said.className = "said";
  said.textContent = text.text || `(${text.attachments.join(", ") || "no words"})`;
  const below = document.createElement("div");
  below.className = "about";
  below.textContent = about(text);
  row.append(said, below);
  return row;
}

function show(phone) {
  find("clinic").textContent = phone.clinic;
  find("url").textContent = `${phone.url}/sms/twilio`;
  find("blocked").hidden = !phone.blocked;
  find("staff").hidden = !phone.staff;
  find("kept").hidden = !phone.kept;
  find("rehearsed").hidden = phone.kept;
  find("problem").textContent = phone.problem;
  const now = JSON.stringify(phone.texts);
  if (now === shown) return;
  const grew = phone.texts.length !== list.children.length;
  shown = now;
  list.replaceChildren(...phone.texts.map(item));
  if (grew) list.scrollTop = list.scrollHeight;
}

async function read() {
  try {
    const answer = await fetch(`phone?number=${encodeURIComponent(number.value)}`);
    const phone = await answer.json();
    show({ ...phone, problem: phone.problem || find("problem").textContent });
  } catch {
    find("problem").textContent ||= `The simulator does not answer. ${LINES}`;
  }
}

async function send(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ number: number.value, ...body }),
    });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
  } catch {
    find("problem").textContent = `Not sent. ${LINES}`;
  }
}

find("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("text").value;
  find("text").value = "";
  find("length").textContent = "\u00a0";
  if (text) send("texts", { text });
});
find("text").addEventListener("input", (event) => {
  find("length").textContent = event.target.value ? length(event.target.value) : "\u00a0";
});
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find("write").requestSubmit();
  }
});
for (const button of find("attach").querySelectorAll("button")) {
  button.addEventListener("click", () => send("texts", { text: "", attachment: button.dataset.kind }));
}
for (const button of find("samples").querySelectorAll("button")) {
  button.addEventListener("click", () => send("texts", { text: button.textContent }));
}
find("staff").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("staff-text").value;
  if (text) send("staff", { text, lost: find("lost").checked });
  find("staff-text").value = "";
});
find("number-form").addEventListener("submit", (event) => {
  event.preventDefault();
  shown = "";
  read();
});

read();
setInterval(read, EVERY);
