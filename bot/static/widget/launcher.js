// What is in the page's corner while the chat is closed: the button that opens it, and the way out.

function makeLauncher({ text, open, leave }) {
  const badge = make("b", { class: "badge", hidden: true });
  const launch = button("", open, { class: "launch", "aria-expanded": "false", "aria-haspopup": "dialog" }, icon("chat"), badge);
  const launchText = make("span");
  launch.append(launchText);
  const out = button("", leave, { class: "leave", hidden: true }, icon("leave"));
  const dock = make("div", { class: "dock" }, out, launch);

  return {
    dock,
    out,
    /** `unread` replies, of a chat that has `begun` or not. */
    write(unread, begun) {
      badge.hidden = !unread;
      badge.textContent = unread || "";
      const count = unread === 1 ? text("unread_one") : fill(text("unread"), { count: unread });
      launchText.textContent = text("launch");
      launch.setAttribute("aria-label", unread ? `${text("launch")}, ${count}` : text("launch"));
      out.hidden = !begun;
    },
    show(yes) {
      dock.hidden = !yes;
      launch.setAttribute("aria-expanded", String(!yes));
      if (yes) launch.focus({ preventScroll: true });
    },
  };
}
