// The demo page's buttons open the widget as a clinic's own page would.
for (const button of document.querySelectorAll("[data-opens-chat]")) {
  button.addEventListener("click", () => document.querySelector("harborline-chat").open());
}
