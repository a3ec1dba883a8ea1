// What is said before anybody writes: what this is, who can read it, what it is not for, the numbers (R10, R13).

/** The disclosure and the greeting; with suggestions to tap where `suggest` takes them. */
function introduction({ language, exit, host, greeting, suggest }) {
  const texts = CONFIG.texts[language];
  const values = { ...CONFIG.numbers, exit: new URL(exit).hostname };
  const protocol = { href: `${host}/protocol?lang=${language}`, label: texts["protocol"] };
  const [alert] = paragraphs(fill(texts["not_emergency"], values));
  alert.className = "alert";
  const disclosed = [...paragraphs(CONFIG.disclosure[language]), make("p", { text: fill(texts["history"], values) })];
  const quick = CONFIG.greeting[language].quick_replies;
  return [
    make("div", { class: "turn disclosure" }, alert, ...disclosed, make("p", {}, tap(protocol))),
    make(
      "div",
      { class: "turn answer" },
      make("p", { class: "unseen", text: texts["bot"] }),
      ...paragraphs(greeting),
      suggest && suggestions(quick, texts["suggestions"], suggest),
    ),
  ];
}

/** Texts that are sent as they stand, with one tap. */
function suggestions(quick, label, say) {
  const buttons = quick.map((words) => button(words, () => say(words)));
  return make("div", { class: "quick", role: "group", "aria-label": label }, ...buttons);
}
