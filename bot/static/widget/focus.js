// Where the keyboard is: it never falls to the page, and in a whole screen of chat it stays there.

/** Whatever is taken away or made anew by `work`, the focus goes to `instead` rather than to the page. */
function keepFocus(shadow, instead, work) {
  const had = shadow.activeElement;
  work();
  if (had && !shadow.activeElement) instead();
}

function keepInside(event, panel) {
  const stops = [...panel.querySelectorAll("a, button, input, textarea, [tabindex='0']")].filter((stop) => stop.checkVisibility?.() ?? stop.offsetParent);
  const [first, last] = [stops[0], stops.at(-1)];
  const at = panel.getRootNode().activeElement;
  if (event.shiftKey && [first, panel].includes(at)) last.focus();
  else if (!event.shiftKey && at === last) first.focus();
  else return;
  event.preventDefault();
}
