// How the chat fits the page, the window and the keyboard over it, the colours that somebody likes.

const wide = () => !matchMedia("(width < 520px), (height < 480px)").matches;

function fitIn(element, root, panel, signal) {
  const view = window.visualViewport;
  const dusk = matchMedia("(prefers-color-scheme: dark)");

  /** The part of the window that a keyboard leaves free. */
  function fit() {
    if (!view || view.scale > 1.01) return;
    root.style.setProperty("--top", `${view.offsetTop}px`);
    root.style.setProperty("--height", `${view.height}px`);
    root.classList.toggle("short", view.height < 420);
  }

  function colour() {
    const theme = element.getAttribute("theme");
    root.classList.toggle("dark", theme === "dark" || (theme !== "light" && dusk.matches));
  }

  const layer = element.getAttribute("z-index") ?? "";
  root.style.setProperty("--z", /^\d+$/.test(layer) ? layer : "2147483000");
  root.classList.toggle("left", element.getAttribute("position") === "left");
  paint(root, element.getAttribute("color"));
  view?.addEventListener("resize", fit, { signal });
  view?.addEventListener("scroll", fit, { signal });
  // A whole screen of chat: what is behind it is out of reach, and Tab stays here.
  window.addEventListener("resize", () => panel.setAttribute("aria-modal", String(!wide())), { signal });
  dusk.addEventListener("change", colour, { signal });
  colour();
  fit();
}
