// What the page's author chose, read with distrust.

const LANGUAGES = Object.keys(CONFIG.texts);

/** The page's language if it is one of ours, else the browser's, else English. */
function firstLanguage(element) {
  const asked = [element.getAttribute("language"), element.closest("[lang]")?.lang, ...navigator.languages];
  const codes = asked.filter(Boolean).map((code) => code.slice(0, 2).toLowerCase());
  return codes.find((code) => LANGUAGES.includes(code)) ?? LANGUAGES[0];
}

/** Where to go when leaving: a web address, whatever the page's author wrote. */
function exitAddress(wanted) {
  try {
    const address = new URL(wanted);
    if (/^https?:$/.test(address.protocol)) return address.href;
  } catch {
    // Falls through to the one that is always there.
  }
  return CONFIG.exit;
}

/** The clinic's colour, with letters on it that can be read. */
function paint(root, wanted) {
  if (!wanted || !CSS.supports("color", wanted)) return;
  root.style.setProperty("--accent", wanted);
  const probe = make("i", { class: "probe" });
  root.append(probe);
  const channels = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
  probe.remove();
  const [red, green, blue] = channels.map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  root.style.setProperty("--on-accent", light > 0.18 ? "#000" : "#fff");
}
