// Where somebody writes: Enter sends, the field grows, and the first number is one key away.

/** `toNumbers` goes to the first number where one is in view, and says whether it did. */
function makeComposer({ text, say, toNumbers }) {
  const input = make("textarea", { rows: 1, enterkeyhint: "send", autocomplete: "off", id: "input" });
  const label = make("label", { class: "unseen", for: "input" });
  const sender = make("button", { type: "submit", class: "send" }, icon("send"));
  const form = make("form", { class: "composer" }, label, input, sender);

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
    if (event.key === "Tab" && event.shiftKey && toNumbers()) event.preventDefault();
  });

  return {
    form,
    input,
    write() {
      label.textContent = input.placeholder = text("message");
      sender.setAttribute("aria-label", text("send"));
    },
    focus: () => input.focus({ preventScroll: true }),
  };
}
