// "Clear my chat", which asks once more.

function makeClearer({ text, clear }) {
  const box = make("div", { class: "clear", hidden: true });

  function write() {
    box.replaceChildren(button(text("clear"), ask));
  }

  function ask() {
    const yes = button(text("clear_yes"), clear);
    const no = button(text("cancel"), () => {
      write();
      box.querySelector("button").focus();
    });
    box.replaceChildren(make("p", { text: text("clear_ask") }), yes, no);
    yes.focus();
  }

  return { box, write };
}
