// Leaving at once, for somebody who is watched.

const SHIFTS = 3;
const SHIFTS_WITHIN = 5_000;
const TAP_WITHIN = 700;

/** Calls `leave` at Shift three times within five seconds, each pressed and let go by itself. */
function watchShift(leave, signal) {
  let taps = [];
  let since = 0;
  const spoil = () => {
    taps = [];
    since = 0;
  };
  const options = { capture: true, signal };
  const down = (event) => {
    const clean = event.key === "Shift" && !event.repeat && !since && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (clean && event.isTrusted) since = event.timeStamp;
    else spoil();
  };
  const up = (event) => {
    // Letting other keys go belongs to typing before; they were counted when they were pressed.
    if (event.key !== "Shift") return;
    const now = event.timeStamp;
    if (!since || now - since > TAP_WITHIN) return spoil();
    since = 0;
    taps = [...taps.filter((at) => now - at < SHIFTS_WITHIN), now];
    if (taps.length >= SHIFTS) leave();
  };
  window.addEventListener("keydown", down, options);
  window.addEventListener("keyup", up, options);
  for (const name of ["pointerdown", "wheel", "blur", "compositionstart", "beforeinput"]) {
    window.addEventListener(name, spoil, { ...options, passive: true });
  }
}

/** Empty the page and replace it: Back and Forward show no word, and the destination sees no referrer. */
function goAway(destination) {
  const policy = make("meta", { name: "referrer", content: "no-referrer" });
  document.head.append(policy);
  document.title = "\u200b";
  document.body.replaceChildren();
  location.replace(destination);
}
