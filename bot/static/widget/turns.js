// How one turn looks.

const SCROLL_MARGIN = 12;

function makeBubbles({ text, language, chat, say }) {
  const said = (turn) => {
    if (turn.by === "person") return text("you");
    return turn.by === "staff" ? turn.name || text("staff") : text("bot");
  };

  function bubble(turn) {
    const mine = turn.by === "person";
    const kind = turn.kind ?? turn.by;
    return make(
      "div",
      { class: `turn ${mine ? "me" : kind}`, lang: mine ? undefined : turn.language },
      heading(turn),
      make("div", { class: "words" }, ...(mine ? [make("p", { text: turn.text })] : paragraphs(turn.text))),
      // The taps of a crisis card stand in the help that stays in view.
      !mine && kind !== "crisis" && turn.links?.length > 0 && taps(turn.links, "taps"),
      turn.source && make("p", { class: "source", text: sourceLine(turn.source, turn.language) }),
      turn.quick_replies?.length > 0 && suggestions(turn.quick_replies, text("suggestions"), say),
      kind === "answer" && turn.seq && feedback(turn),
      mine && state(turn),
    );
  }

  function heading(turn) {
    const time = new Intl.DateTimeFormat(language(), { timeStyle: "short" });
    const who = make("span", { class: turn.by === "staff" ? "" : "unseen", text: `${said(turn)} ` });
    return make("p", { class: "when" }, who, make("time", { datetime: turn.at, text: time.format(new Date(turn.at)) }));
  }

  function sourceLine(source, spoken) {
    const date = new Intl.DateTimeFormat(spoken, { dateStyle: "long", timeZone: "UTC" });
    const pattern = text(source.authority ? "source_authority" : "source", spoken);
    return fill(pattern, { ...source, date: date.format(new Date(source.reviewed_on)) });
  }

  function state(turn) {
    if (turn.state !== "failed") return null;
    const retry = button(text("retry"), () => chat.retry(turn));
    return make("p", { class: "failed" }, make("span", { text: `${text("not_sent")} ` }), retry);
  }

  function feedback(turn) {
    const box = make("div", { class: "feedback" });
    const judge = (helpful) => {
      chat.feedback(turn, helpful).catch(() => {});
      for (const each of box.querySelectorAll("[aria-pressed]")) {
        each.setAttribute("aria-pressed", String(each.dataset.helpful === String(helpful)));
      }
      box.querySelector("form")?.remove();
      const form = comment(turn, helpful);
      box.append(form);
      form.scrollIntoView({ block: "nearest" });
    };
    const thumb = (name, helpful) =>
      button("", () => judge(helpful), { "aria-label": text(name), "aria-pressed": "false", "data-helpful": String(helpful) }, icon(helpful ? "up" : "down"));
    box.append(thumb("helpful", true), thumb("unhelpful", false));
    return box;
  }

  function comment(turn, helpful) {
    const field = make("textarea", { rows: 2, maxlength: 2000 });
    const form = make(
      "form",
      {
        submit(event) {
          event.preventDefault();
          if (field.value.trim()) chat.feedback(turn, helpful, field.value.trim()).catch(() => {});
          const thanks = make("p", { tabindex: -1, text: text("thanks") });
          form.replaceWith(thanks);
          thanks.focus({ preventScroll: true });
        },
      },
      make("label", {}, make("span", { text: text("comment") }), field),
      make("button", { type: "submit", text: text("comment_send") }),
    );
    return form;
  }

  return bubble;
}

/** Keeps the list of turns as the chat has it: each once, in its order, made anew only when it changed. */
function makeLog(box, bubble, end) {
  const made = new Map();
  let shown; // what was last scrolled to: it stays there when the help above the input grows

  function scroll() {
    const node = shown && made.get(turnKey(shown))?.node;
    const last = end.previousElementSibling;
    // Below the last turn stands what nobody looks for first.
    const bottom = last.offsetTop + last.offsetHeight + SCROLL_MARGIN - box.clientHeight;
    box.scrollTop = node ? Math.min(node.offsetTop - SCROLL_MARGIN, box.scrollHeight) : bottom;
  }

  let height = 0;
  const sizes = new ResizeObserver(() => {
    if (height && box.clientHeight !== height && made.size) scroll();
    height = box.clientHeight;
  });
  sizes.observe(box);

  return {
    update(turns) {
      let next = end;
      const keys = new Set();
      for (const turn of [...turns].reverse()) {
        const [key, stamp] = [turnKey(turn), `${turn.state} ${turn.seq}`];
        keys.add(key);
        let known = made.get(key);
        if (known?.stamp !== stamp) {
          known?.node.remove();
          known = { node: bubble(turn), stamp };
          made.set(key, known);
        }
        if (known.node.nextSibling !== next) box.insertBefore(known.node, next);
        next = known.node;
      }
      for (const [key, { node }] of made) {
        if (keys.has(key)) continue;
        node.remove();
        made.delete(key);
      }
    },
    empty() {
      for (const { node } of made.values()) node.remove();
      made.clear();
    },
    /** To the end, but never past the beginning of what is new. */
    reveal(turn) {
      shown = turn;
      scroll();
    },
  };
}
