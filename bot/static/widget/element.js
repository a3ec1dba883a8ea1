// <harborline-chat>: one on a page, whatever the page does with it.

let active = null;

class HarborlineChat extends HTMLElement {
  #root = null;
  #panel = null;

  connectedCallback() {
    // Moved within the page: it goes on as it was.
    if (this.#panel) return;
    if (active && active !== this) {
      this.hidden = true;
      return;
    }
    active = this;
    this.hidden = false;
    this.#shadow();
    try {
      this.#panel = makePanel(this, this.#root);
    } catch (error) {
      // Whatever is wrong, the numbers that stand in the page are shown again.
      this.#root.replaceChildren(make("slot"));
      reportError(error);
    }
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected || !this.#panel) return;
      this.#panel.end();
      this.#panel = null;
      active = null;
      document.querySelector("harborline-chat")?.connectedCallback();
    });
  }

  open() {
    this.#panel?.open();
  }

  close() {
    this.#panel?.close();
  }

  #shadow() {
    if (this.#root) return;
    const shadow = this.attachShadow({ mode: "open" });
    this.#root = make("div", { class: "root" });
    shadow.append(this.#root);
    // A style element would be refused by a strict policy; a sheet made by a script is not.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
  }
}

customElements.define("harborline-chat", HarborlineChat);

/** A page with the script alone gets the chat too. */
function ensure() {
  if (document.querySelector("harborline-chat")) return;
  const made = document.createElement("harborline-chat");
  for (const { name, value } of SCRIPT?.attributes ?? []) {
    if (name.startsWith("data-")) made.setAttribute(name.slice(5), value);
  }
  document.body.append(made);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ensure, { once: true });
else ensure();
