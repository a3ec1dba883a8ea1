// The chat on the page: joins its parts and holds what becomes of them: opened, hidden, left, cleared.

const TYPING_AFTER = 250;
const LOOK_EVERY = 30_000;

function makePanel(element, root) {
  const ended = new AbortController();
  const { signal } = ended;
  const shadow = root.getRootNode();
  const host = (element.getAttribute("host") || HOST).replace(/\/$/, "");
  const exit = exitAddress(element.getAttribute("exit"));
  let language = firstLanguage(element);
  let chosenLanguage = null; // Sent once, with the first message after the person chose.
  let opened = false;
  let hidden = false; // after idle minutes
  let sleeping = false; // the page is on its way out, or kept aside by the browser
  let unread = 0;
  let held = false; // by staff

  const text = (name, spoken = language) => CONFIG.texts[spoken][name];
  const lines = () => CONFIG.lines[language];

  // --- Parts ---------------------------------------------------------------------------------------

  const { live, announce: tell, hush } = makeVoice();
  const announce = (words, spoken = language) => tell(words, spoken);
  const launcher = makeLauncher({ text, open: () => open(), leave });
  const leaveNow = button("", leave, { class: "leave" }, icon("leave"));
  const switcher = button("", switchLanguage, { class: "quiet" });
  const closer = button("", () => close(), { class: "quiet round" }, icon("close"));
  const title = make("p", { class: "title" });
  const lineBox = make("div", { class: "lines", role: "group" });
  const intro = make("div", { class: "intro" });
  let typingSoon = 0;
  const typing = make("p", { class: "typing", "aria-hidden": "true", hidden: true }, make("i"), make("i"), make("i"));
  const notice = make("p", { class: "notice", hidden: true, tabindex: -1 });
  const clearer = makeClearer({ text, clear });
  const log = make("div", { class: "log", role: "log", "aria-live": "off", tabindex: 0 }, intro, typing, notice, clearer.box);

  const chat = makeChat({
    host,
    page: CONFIG.page,
    language: () => language,
    show: { turns: showTurns, waiting: showWaiting, unreachable: showUnreachable, held: showHeld, gone: showGone },
  });
  const help = makeHelp({
    text,
    lines,
    more: () => CONFIG.more[language],
    chat,
    announce,
    focusInput: () => composer.focus(),
    handedOff: (reason) => tellPage("handoff", { reason }),
  });
  const composer = makeComposer({ text, say, toNumbers: help.focus });
  const { form, input } = composer;
  const list = makeLog(log, makeBubbles({ text, language: () => language, chat, say }), typing);
  const panel = make(
    "section",
    { class: "panel", role: "dialog", tabindex: -1, hidden: true },
    make("header", {}, make("div", { class: "bar" }, leaveNow, switcher, closer), title),
    lineBox,
    log,
    help.card,
    form,
  );
  const print = make("div", { class: "print" });

  // --- Words ---------------------------------------------------------------------------------------

  function write() {
    root.lang = language;
    root.dir = text("direction");
    const name = `${CONFIG.clinic} – ${text("name")}`;
    title.replaceChildren(make("b", { text: CONFIG.clinic }), " ", text("name"));
    panel.setAttribute("aria-label", name);
    log.setAttribute("aria-label", text("conversation"));
    for (const each of [leaveNow, launcher.out]) relabel(each, text("leave"));
    relabel(switcher, text("other_language"));
    switcher.lang = otherLanguage();
    closer.setAttribute("aria-label", text("close"));
    composer.write();
    lineBox.setAttribute("aria-label", text("lines"));
    lineBox.replaceChildren(taps(lines(), "row"));
    print.replaceChildren(make("p", { text: text("lines") }), taps(lines(), ""));
    intro.replaceChildren(...introduction({ language, exit, host, greeting: greeting(), suggest: !chat.begun && say }));
    showClear();
    clearer.write();
    writeBadge();
    help.draw();
  }

  function greeting() {
    const own = element.getAttribute(`greeting-${language}`) || element.getAttribute("greeting");
    return own || CONFIG.greeting[language].text;
  }

  function showClear() {
    clearer.box.hidden = !chat.begun || hidden;
  }

  function writeBadge() {
    launcher.write(unread, chat.begun);
  }

  function say(words) {
    keepFocus(shadow, focusWriting, () => {
      for (const group of root.querySelectorAll(".quick")) group.remove();
    });
    notice.hidden = true;
    chat.say(words, chosenLanguage);
    chosenLanguage = null;
    tellPage("message", { by: "person" });
  }

  function tellPage(name, detail) {
    element.dispatchEvent(new CustomEvent(`harborline:${name}`, { bubbles: true, composed: true, detail }));
  }

  // --- What the chat tells -------------------------------------------------------------------------

  function showTurns(fresh, isLive) {
    showClear();
    writeBadge();
    if (hidden) return;
    keepFocus(shadow, focusWriting, () => list.update(chat.turns));
    const theirs = fresh.filter((turn) => turn.by !== "person");
    if (isLive) arrived(theirs);
    help.heed(chat.turns, false);
    if (isLive && !fresh.length) return;
    list.reveal(isLive && theirs[0]);
  }

  function arrived(theirs) {
    const pinned = help.heed(theirs, true);
    for (const turn of theirs) {
      if (!(pinned && turn.kind === "crisis")) announce(turn.text, turn.language);
      tellPage("message", { by: turn.by, kind: turn.kind });
      if (turn.kind === "crisis") tellPage("crisis", {});
    }
    if (!opened) unread += theirs.length;
    writeBadge();
  }

  function showWaiting(number) {
    clearTimeout(typingSoon);
    if (!number) typing.hidden = true;
    else typingSoon = setTimeout(showTyping, TYPING_AFTER);
  }

  function showTyping() {
    typing.hidden = false;
    log.scrollTop = log.scrollHeight;
  }

  function showHeld(yes) {
    if (yes === held) return;
    held = yes;
    if (yes) showNotice(text("held"));
    else notice.hidden = true;
    if (yes) tellPage("handoff", { reason: "staff" });
  }

  function showUnreachable(yes) {
    help.away(yes);
  }

  function showNotice(words) {
    notice.replaceChildren(words);
    notice.hidden = false;
    announce(words);
    log.scrollTop = log.scrollHeight;
  }

  function showGone() {
    list.empty();
    hush();
    help.forget();
    input.value = "";
    unread = 0;
    hidden = false;
    held = false;
    form.hidden = false;
    notice.hidden = true;
    write();
  }

  // --- Opening, closing, leaving -------------------------------------------------------------------

  function open({ focus = true } = {}) {
    if (opened) return;
    opened = true;
    unread = 0;
    panel.hidden = false;
    launcher.show(false);
    panel.setAttribute("aria-modal", String(!wide()));
    chat.note({ open: true });
    log.scrollTop = chat.begun ? log.scrollHeight : 0;
    if (focus) focusWriting();
    tellPage("opened", {});
  }

  /** To the input, but on a touch screen nothing pops up over what should be read first. */
  function focusWriting() {
    if (matchMedia("(pointer: coarse)").matches) panel.focus({ preventScroll: true });
    else composer.focus();
  }

  function close() {
    if (!opened) return;
    opened = false;
    panel.hidden = true;
    writeBadge();
    chat.note({ open: false });
    launcher.show(true);
    tellPage("closed", {});
  }

  function leave() {
    chat.leave();
    ended.abort();
    goAway(exit);
  }

  async function clear() {
    focusWriting();
    const became = await chat.clear();
    showNotice(text(became));
  }

  function switchLanguage() {
    language = otherLanguage();
    if (chat.begun) chosenLanguage = language;
    chat.note({ language });
    list.empty();
    write();
    if (!hidden) list.update(chat.turns);
  }

  function otherLanguage() {
    return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];
  }

  /** After idle minutes nobody who comes by reads it; the numbers stay. */
  function hideWhenIdle() {
    if (hidden || !chat.idle) return;
    hidden = true;
    list.empty();
    help.forget();
    hush();
    input.value = "";
    form.hidden = true;
    const show = button(text("show"), () => {
      chat.touch();
      hidden = false;
      form.hidden = false;
      notice.hidden = true;
      showTurns([], false);
      focusWriting();
    });
    notice.replaceChildren(`${text("hidden")} `, show);
    notice.hidden = false;
    showClear();
  }

  // --- Keys, comings and goings -------------------------------------------------------------

  panel.addEventListener("keydown", (event) => {
    // What is typed here is no shortcut of the page's.
    event.stopPropagation();
    if (event.key === "Escape") close();
    if (event.key === "Tab" && panel.getAttribute("aria-modal") === "true") keepInside(event, panel);
  });

  window.addEventListener("online", () => (chat.wake(), chat.retryAll()), { signal });
  window.addEventListener("pagehide", asleep, { signal });
  window.addEventListener("pageshow", (event) => event.persisted && awake(), { signal });
  document.addEventListener("visibilitychange", () => (document.hidden ? !sleeping && keepDraft() : lookedAt()), { signal });
  watchShift(() => (opened || chat.begun) && leave(), signal);
  const looking = setInterval(hideWhenIdle, LOOK_EVERY);

  function keepDraft() {
    chat.note({ draft: hidden ? "" : input.value });
  }

  function lookedAt() {
    hideWhenIdle();
    chat.wake();
  }

  /** Back must not bring the words of somebody who has left: they are put there anew, if they are still kept. */
  function asleep() {
    keepDraft();
    sleeping = true;
    list.empty();
    help.forget();
    input.value = "";
    chat.sleep();
  }

  function awake() {
    sleeping = false;
    chat.restore();
    input.value = chat.draft;
    hideWhenIdle();
    chat.wake();
  }

  // --- Start and end -------------------------------------------------------------------------------

  root.append(make("slot", { name: "live" }), launcher.dock, panel, print);
  element.append(live);
  fitIn(element, root, panel, signal);
  write();
  chat.restore();
  if (chat.language) language = chat.language;
  write();
  input.value = chat.draft;
  hideWhenIdle();
  if (chat.open && wide()) open({ focus: false });

  return {
    open,
    close,
    end() {
      keepDraft();
      ended.abort();
      clearInterval(looking);
      chat.end();
      live.remove();
      root.replaceChildren();
    },
  };
}
