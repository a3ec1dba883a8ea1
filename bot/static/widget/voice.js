// What a screen reader is told, from the page's own tree: inside a shadow root it may go unheard.

const SPOKEN_FOR = 10_000;

function makeVoice() {
  const live = make("div", { slot: "live", role: "status", "aria-live": "polite" });
  return {
    live,
    /** One sentence. */
    announce(words, spoken) {
      const said = make("p", { lang: spoken, text: words });
      live.append(said);
      setTimeout(() => said.remove(), SPOKEN_FOR);
    },
    hush: () => live.replaceChildren(),
  };
}
