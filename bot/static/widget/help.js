// The numbers: a slim row at any time; in a crisis, or when the server is away, a card that stays in view.

const FIRST_SENTENCE = /^.*?[.?](?=\s|$)/s;
const IN_A_ROW = 4;

/**
 * `announce` says one sentence to a screen reader; `focusInput` gives the keyboard back to whoever writes.
 * Focus is never moved here by itself: only a tap of the person's own moves it.
 */
function makeHelp({ text, lines, more, chat, announce, focusInput, handedOff }) {
  const card = make("section", { class: "help", hidden: true });
  let crisis = null; // the reply that asked for it
  let unreachable = false;
  let slim = false;
  let shown = "";

  /** The clinic's line is first, but where 911 is, it stays first. */
  function ordered(links) {
    const [clinic, emergency] = [lines()[0], lines().at(-1)];
    if (!links.length || links[0].href === emergency.href) return links;
    return [clinic, ...links.filter((link) => link.href !== clinic.href)];
  }

  function links() {
    const found = crisis ? ordered(crisis.links) : lines();
    const numbers = new Map(lines().map((line) => [line.href, line.number]));
    return found.map((link) => ({ ...link, number: link.number || numbers.get(link.href) }));
  }

  function sentence() {
    const crisisSentence = crisis && (FIRST_SENTENCE.exec(crisis.text)?.[0] ?? crisis.text);
    return crisisSentence || text("unreachable");
  }

  function draw() {
    const is = crisis || unreachable;
    const state = `${is && (crisis ? turnKey(crisis) : "away")} ${slim} ${text("help_now")}`;
    if (state === shown) return;
    shown = state;
    card.hidden = !is;
    if (!is) return card.replaceChildren();
    card.className = slim ? "help slim" : "help";
    card.setAttribute("aria-label", text("help_now"));
    card.replaceChildren(...(slim ? brief() : whole()));
    card.scrollTop = 0;
  }

  function brief() {
    return [taps(links().slice(0, IN_A_ROW), "row"), button(text("show_help"), () => setSlim(false))];
  }

  function* whole() {
    yield make("p", { class: "sentence", lang: crisis?.language, text: sentence() });
    yield taps(links(), "main");
    const typeOn = button(text("type_on"), () => setSlim(true));
    const callMe = !unreachable && button(text("call_me"), openForm, { "aria-expanded": "false" });
    yield make("div", { class: "acts" }, typeOn, callMe);
    const others = more().filter((line) => !links().some((link) => link.href === line.href && link.label === line.label));
    if (others.length) yield make("p", { class: "unseen", text: text("more_lines") });
    if (others.length) yield taps(others, "more");
  }

  function setSlim(yes) {
    slim = yes;
    chat.note({ slim });
    draw();
    if (yes) focusInput();
    else card.querySelector("a").focus();
  }

  function openForm(event) {
    const opener = event.currentTarget;
    opener.setAttribute("aria-expanded", "true");
    const close = () => {
      form.remove();
      opener.setAttribute("aria-expanded", "false");
      opener.focus();
    };
    if (card.querySelector("form")) return;
    const number = make("input", { type: "tel", autocomplete: "tel", required: true });
    const consent = make("input", { type: "checkbox", required: true });
    const problem = make("p", { class: "problem", id: "problem" });
    const form = make(
      "form",
      {
        novalidate: true,
        async submit(submitted) {
          submitted.preventDefault();
          const wanting = number.value.trim() ? !consent.checked && consent : number;
          if (wanting) return complain(text("consent_missing"), wanting);
          try {
            await chat.callBack(number.value);
            handedOff("call_back");
            form.remove();
            setSlim(true);
          } catch (error) {
            complain(error instanceof Refused ? error.body.error.message : text("failed"), number);
          }
        },
      },
      make("label", {}, make("span", { text: text("number") }), number),
      make("label", { class: "tick" }, consent, make("span", { text: text("consent") })),
      problem,
      make("div", { class: "acts" }, make("button", { type: "submit", text: text("call_send") }), button(text("cancel"), close)),
    );
    const complain = (words, where) => {
      problem.textContent = words;
      where.setAttribute("aria-describedby", "problem");
      announce(words);
      where.focus();
    };
    opener.parentElement.after(form);
    number.focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function say(first, spokenIn) {
    const spoken = links().slice(0, IN_A_ROW);
    const names = spoken.map(({ label, number }) => (number ? `${label} ${number}` : label));
    announce(fill(text("help_said", spokenIn), { sentence: first, links: names.join(", ") }), spokenIn);
  }

  return {
    card,
    draw,
    /** The newest crisis reply among turns, if any; announced when it is new. */
    heed(turns, live) {
      const found = turns.filter((turn) => turn.kind === "crisis").at(-1);
      if (!found || turnKey(found) === (crisis && turnKey(crisis))) return false;
      crisis = found;
      slim = !live && chat.slim;
      draw();
      if (live) say(sentence(), crisis.language);
      return live;
    },
    away(yes) {
      unreachable = yes;
      if (yes && !crisis) slim = false;
      draw();
      if (yes) say(text("unreachable"));
    },
    forget() {
      crisis = null;
      slim = false;
      draw();
    },
    /** To the first number, where the card is in view; whether it is. */
    focus() {
      if (!card.hidden) card.querySelector("a").focus();
      return !card.hidden;
    },
  };
}
