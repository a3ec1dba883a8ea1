// The chat on the page: launcher and panel in a shadow root, and a live region outside of it.

const TYPING_AFTER = 250;
const SPOKEN_FOR = 10_000;
const LOOK_EVERY = 30_000;

function makePanel(element, root) {
  const ended = new AbortController();
  const { signal } = ended;
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

  const live = make("div", { slot: "live", role: "status", "aria-live": "polite" });
  const badge = make("b", { class: "badge", hidden: true });
  const launch = button("", () => open(), { class: "launch", "aria-expanded": "false", "aria-haspopup": "dialog" }, icon("chat"), badge);
  const launchText = make("span");
  launch.append(launchText);
  const leaveEarly = button("", leave, { class: "leave", hidden: true }, icon("leave"));
  const dock = make("div", { class: "dock" }, leaveEarly, launch);

  const leaveNow = button("", leave, { class: "leave" }, icon("leave"));
  const switcher = button("", switchLanguage, { class: "quiet" });
  const closer = button("", () => close(), { class: "quiet round" }, icon("close"));
  const title = make("p", { class: "title" });
  const lineBox = make("div", { class: "lines", role: "group" });
  const intro = make("div", { class: "intro" });
  let typingSoon = 0;
  const typing = make("p", { class: "typing", "aria-hidden": "true", hidden: true }, make("i"), make("i"), make("i"));
  const notice = make("p", { class: "notice", hidden: true, tabindex: -1 });
  const clearer = make("div", { class: "clear", hidden: true });
  const log = make("div", { class: "log", role: "log", "aria-live": "off", tabindex: 0 }, intro, typing, notice, clearer);
  const input = make("textarea", { rows: 1, enterkeyhint: "send", autocomplete: "off", id: "input" });
  const label = make("label", { class: "unseen", for: "input" });
  const sender = make("button", { type: "submit", class: "send" }, icon("send"));
  const form = make("form", { class: "composer" }, label, input, sender);

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
    focusInput: () => input.focus({ preventScroll: true }),
    handedOff: (reason) => tellPage("handoff", { reason }),
  });
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
    for (const each of [leaveNow, leaveEarly]) relabel(each, text("leave"));
    relabel(switcher, text("other_language"));
    switcher.lang = otherLanguage();
    closer.setAttribute("aria-label", text("close"));
    label.textContent = input.placeholder = text("message");
    sender.setAttribute("aria-label", text("send"));
    lineBox.setAttribute("aria-label", text("lines"));
    lineBox.replaceChildren(taps(lines(), "row"));
    print.replaceChildren(make("p", { text: text("lines") }), taps(lines(), ""));
    intro.replaceChildren(...introduction({ language, exit, host, greeting: greeting(), suggest: !chat.begun && say }));
    writeClear();
    writeBadge();
    help.draw();
  }

  function greeting() {
    const own = element.getAttribute(`greeting-${language}`) || element.getAttribute("greeting");
    return own || CONFIG.greeting[language].text;
  }

  function relabel(control, words) {
    control.querySelector("span")?.remove();
    control.append(make("span", { text: words }));
  }

  function showClear() {
    clearer.hidden = !chat.begun || hidden;
  }

  function writeClear() {
    showClear();
    const ask = button(text("clear"), () => {
      const yes = button(text("clear_yes"), clear);
      const no = button(text("cancel"), () => {
        writeClear();
        clearer.querySelector("button").focus();
      });
      clearer.replaceChildren(make("p", { text: text("clear_ask") }), yes, no);
      yes.focus();
    });
    clearer.replaceChildren(ask);
  }

  function writeBadge() {
    badge.hidden = !unread;
    badge.textContent = unread || "";
    const count = unread === 1 ? text("unread_one") : fill(text("unread"), { count: unread });
    launchText.textContent = text("launch");
    launch.setAttribute("aria-label", unread ? `${text("launch")}, ${count}` : text("launch"));
    leaveEarly.hidden = !chat.begun;
  }

  /** One sentence for screen readers, from the page's own tree: inside a shadow root it may go unheard. */
  function announce(words, spoken = language) {
    const said = make("p", { lang: spoken, text: words });
    live.append(said);
    setTimeout(() => said.remove(), SPOKEN_FOR);
  }

  function say(words) {
    keepFocus(() => {
      for (const group of root.querySelectorAll(".quick")) group.remove();
    });
    notice.hidden = true;
    chat.say(words, chosenLanguage);
    chosenLanguage = null;
    tellPage("message", { by: "person" });
  }

  /** Whatever is taken away or made anew, the focus never falls to the page. */
  function keepFocus(work) {
    const shadow = root.getRootNode();
    const had = shadow.activeElement;
    work();
    if (had && !shadow.activeElement) focusWriting();
  }

  function tellPage(name, detail) {
    element.dispatchEvent(new CustomEvent(`harborline:${name}`, { bubbles: true, composed: true, detail }));
  }

  // --- What the chat tells -------------------------------------------------------------------------

  function showTurns(fresh, isLive) {
    showClear();
    writeBadge();
    if (hidden) return;
    keepFocus(() => list.update(chat.turns));
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
    live.replaceChildren();
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

  const wide = () => !matchMedia("(width < 520px), (height < 480px)").matches;

  function open({ focus = true } = {}) {
    if (opened) return;
    opened = true;
    unread = 0;
    panel.hidden = false;
    dock.hidden = true;
    launch.setAttribute("aria-expanded", "true");
    // A whole screen of chat: what is behind it is out of reach, and Tab stays here.
    panel.setAttribute("aria-modal", String(!wide()));
    chat.note({ open: true });
    log.scrollTop = chat.begun ? log.scrollHeight : 0;
    if (focus) focusWriting();
    tellPage("opened", {});
  }

  /** To the input, but on a touch screen nothing pops up over what should be read first. */
  function focusWriting() {
    if (matchMedia("(pointer: coarse)").matches) panel.focus({ preventScroll: true });
    else input.focus({ preventScroll: true });
  }

  function close() {
    if (!opened) return;
    opened = false;
    panel.hidden = true;
    dock.hidden = false;
    launch.setAttribute("aria-expanded", "false");
    writeBadge();
    chat.note({ open: false });
    launch.focus({ preventScroll: true });
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
    live.replaceChildren();
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

  // --- Keys, sizes, comings and goings -------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = input.value;
    if (!words.trim()) return;
    input.value = "";
    grow();
    say(words);
  });

  // Sending with a tap leaves the keyboard where it is.
  sender.addEventListener("mousedown", (event) => event.preventDefault());
  input.addEventListener("input", grow);

  function grow() {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 3}px`;
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
    // From the words to the first number it is one key, however many links the card has.
    if (event.key === "Tab" && event.shiftKey && help.pinned) {
      event.preventDefault();
      help.card.querySelector("a").focus();
    }
  });

  panel.addEventListener("keydown", (event) => {
    // What is typed here is no shortcut of the page's.
    event.stopPropagation();
    if (event.key === "Escape") close();
    if (event.key === "Tab" && panel.getAttribute("aria-modal") === "true") keepInside(event);
  });

  function keepInside(event) {
    const stops = [...panel.querySelectorAll("a, button, input, textarea, [tabindex='0']")].filter((stop) => stop.checkVisibility?.() ?? stop.offsetParent);
    const [first, last] = [stops[0], stops.at(-1)];
    if (event.shiftKey && [first, panel].includes(root.getRootNode().activeElement)) last.focus();
    else if (!event.shiftKey && root.getRootNode().activeElement === last) first.focus();
    else return;
    event.preventDefault();
  }

  /** The part of the window that a keyboard leaves free. */
  function fit() {
    const view = window.visualViewport;
    if (!view || view.scale > 1.01) return;
    root.style.setProperty("--top", `${view.offsetTop}px`);
    root.style.setProperty("--height", `${view.height}px`);
    root.classList.toggle("short", view.height < 420);
  }

  function colour() {
    const theme = element.getAttribute("theme");
    const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.classList.toggle("dark", dark);
  }

  window.visualViewport?.addEventListener("resize", fit, { signal });
  window.visualViewport?.addEventListener("scroll", fit, { signal });
  window.addEventListener("resize", () => panel.setAttribute("aria-modal", String(!wide())), { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colour, { signal });
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

  root.style.setProperty("--z", /^\d+$/.test(element.getAttribute("z-index") ?? "") ? element.getAttribute("z-index") : "2147483000");
  root.classList.toggle("left", element.getAttribute("position") === "left");
  root.append(make("slot", { name: "live" }), dock, panel, print);
  element.append(live);
  paint(root, element.getAttribute("color"));
  colour();
  fit();
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
