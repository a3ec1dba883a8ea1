// One chat: its turns, what is on its way, and what the visit's tabs know of it. Knows nothing of how it looks.

const NUMBERS_WITHIN = 5_000; // A server that hangs must not keep the numbers from anybody.

/**
 * `show` is told what changed:
 *   turns(fresh, live)  the list changed; `fresh` are new, `live` when they have just been written
 *   waiting(number)     how many messages wait for an answer
 *   unreachable(bool)   whether the server can be reached
 *   held(bool)          whether staff have taken over, so that nobody waits for the bot
 *   gone()              the chat is no longer there: cleared, left, or ended in another tab
 */
function makeChat({ host, page, language, show }) {
  const keep = makeKeep(host);
  let chat = null; // {conversation, token, turns, at, open, language, draft}, as it is kept
  let waiting = 0;
  let away = false;

  const tabs = makeTabs(host, (said) => {
    if (said.ask) chat && tabs.tell({ chat });
    else if (said.chat) adopt(said.chat);
    else if (said.turns && chat?.conversation === said.conversation) merge(said.turns, { live: true });
    else if (said.left || said.cleared) forget();
  });
  const socket = makeSocket(host, {
    hello: () =>
      chat?.token && {
        type: "hello",
        conversation: chat.conversation,
        token: chat.token,
        seen: lastSeen(),
        language: language(),
      },
    frame: heard,
    closed(code) {
      // Cleared or left in another tab: nothing of it stays here. A token that is no good is replaced when needed.
      if (code === 4410 || code === 4411) forget();
      else if (code === 4401 && chat) chat.token = null;
    },
    missing: catchUp,
  });

  const server = makeServer({
    host,
    page,
    language,
    socket,
    current: () => chat,
    opened() {
      save();
      socket.close();
      socket.open();
    },
  });

  /** The number up to which every turn is here; behind a gap something may still be on its way. */
  function lastSeen() {
    const here = new Set(chat.turns.map((turn) => turn.seq));
    let seen = 0;
    while (here.has(seen + 1)) seen += 1;
    return seen;
  }

  function save() {
    if (chat) keep.write(chat);
  }

  function adopt(other) {
    if (chat) {
      if (chat.conversation === other.conversation) merge(other.turns, { live: false });
      return;
    }
    chat = other;
    save();
    show.turns(chat.turns, false);
    socket.open();
  }

  function merge(arrived, { live, tell = false }) {
    if (!arrived.length) return;
    const fresh = mergeTurns(chat.turns, arrived);
    if (live && fresh.length) chat.at = Date.now();
    save();
    if (tell) tabs.tell({ conversation: chat.conversation, turns: arrived });
    show.turns(fresh, live);
  }

  function heard(said) {
    if (!chat) return;
    if (said.type === "ready") {
      reached(true);
      merge(said.missed, { live: true });
      retryAll();
    }
    if (said.type === "turn") merge([said.turn], { live: true });
    if (said.type === "replies") merge(said.turns, { live: true });
    if ("held" in said) show.held(said.held);
  }

  /** Where no socket can be had, what was missed is asked for at each attempt to have one. */
  function catchUp() {
    if (!chat?.token || document.hidden) return;
    const mine = chat;
    server
      .about(chat, `turns?after=${lastSeen()}`, { method: "GET" })
      .then(({ turns, held }) => {
        if (chat !== mine) return;
        merge(turns, { live: true });
        show.held(held);
      })
      .catch(() => {});
  }

  function reached(yes) {
    if (away === !yes) return;
    away = !yes;
    show.unreachable(away);
  }

  function say(text, chosenLanguage) {
    const turn = { by: "person", client_message_id: newId(), text, at: new Date().toISOString(), state: "sending" };
    if (chosenLanguage) turn.language = chosenLanguage;
    chat ??= { turns: [], at: 0, open: true };
    merge([turn], { live: true });
    return deliver(turn);
  }

  async function deliver(turn) {
    const mine = chat;
    settle(turn, "sending");
    setWaiting(+1);
    const late = setTimeout(() => reached(false), NUMBERS_WITHIN);
    try {
      const { message, turns } = await server.ask(turn);
      if (chat !== mine) return;
      reached(true);
      settle(turn, undefined, message);
      merge(turns, { live: true, tell: true });
      if (!turns.length) show.held(true);
    } catch (error) {
      if (chat !== mine) return;
      if (error instanceof Refused) refuse(turn, error.body);
      else {
        settle(turn, "failed");
        reached(false);
      }
    } finally {
      clearTimeout(late);
      setWaiting(-1);
    }
  }

  /** The server is back: what did not reach it goes out again, with the same id. */
  function retryAll() {
    for (const turn of chat?.turns ?? []) if (turn.state === "failed") deliver(turn);
  }

  /** The server said no to a message: its words and its numbers are the answer. */
  function refuse(turn, { error, help, links }) {
    settle(turn, undefined);
    const text = `${error.message}\n\n${help}`;
    merge(botTurns([{ kind: "fallback", language: language(), text, links }]), { live: true });
  }

  /** What became of a message of ours, and its place among the turns where the server has said it. */
  function settle(turn, state, place) {
    const known = chat.turns.find((each) => turnKey(each) === turnKey(turn));
    Object.assign(known, { state }, place);
    save();
    if (state !== "sending") tabs.tell({ conversation: chat.conversation, turns: [{ ...known }] });
    show.turns([], false);
  }

  function setWaiting(change) {
    waiting += change;
    show.waiting(waiting);
  }

  /** Nothing is left here; other tabs are told by whoever ended it. */
  function forget() {
    chat = null;
    keep.remove();
    socket.close();
    show.gone();
  }

  return {
    get turns() {
      return chat?.turns ?? [];
    },
    /** Whether there is anything to clear, to hide or to leave. */
    get begun() {
      return chat !== null;
    },
    get draft() {
      return chat?.draft ?? "";
    },
    get open() {
      return chat?.open ?? false;
    },
    get language() {
      return chat?.language;
    },
    get slim() {
      return chat?.slim ?? false;
    },
    get idle() {
      return chat !== null && Date.now() - chat.at > IDLE;
    },
    get away() {
      return away;
    },
    say,
    /** What is remembered of how it stands here: open, language, draft. */
    note(what) {
      if (!chat) return;
      Object.assign(chat, what);
      save();
    },
    touch() {
      if (!chat) return;
      chat.at = Date.now();
      save();
    },
    retry: (turn) => deliver(turn),
    retryAll,
    async callBack(number) {
      chat ??= { turns: [], at: Date.now(), open: true };
      await server.begin();
      const answer = await server.post("call-backs", {
        client_message_id: newId(),
        number,
        consent: true,
        language: language(),
      });
      merge(botTurns(answer.replies), { live: true, tell: true });
    },
    /** A comment may tell of danger: then it is answered like a message. */
    async feedback(turn, helpful, comment) {
      const said = { turn: turn.turn, helpful, language: language(), ...(comment && { comment }) };
      const { replies } = await server.post("feedback", said);
      merge(botTurns(replies), { live: true, tell: true });
    },
    /** Clears here at once; says what became of it at the clinic. */
    async clear() {
      const mine = chat;
      tabs.tell({ cleared: true });
      forget();
      if (!mine.token) return "cleared";
      try {
        const { done, kept } = await server.about(mine, "clear");
        if (!done) return "cleared_soon";
        return kept ? "cleared_kept" : "cleared";
      } catch {
        return "cleared_here";
      }
    },
    leave() {
      if (chat?.token) server.about(chat, "leave", { keepalive: true }).catch(() => {});
      tabs.tell({ left: true });
      forget();
    },
    /** After a reload, a page change, or Back: what this tab has kept, or what another tab has. */
    restore() {
      const kept = keep.read();
      if (!kept) {
        if (chat) forget();
        tabs.tell({ ask: true });
        return;
      }
      chat = kept;
      // Whatever was on its way when the page went may not have arrived.
      for (const turn of chat.turns) if (turn.state === "sending") turn.state = "failed";
      save();
      show.turns(chat.turns, false);
      socket.open();
    },
    wake: () => socket.wake(),
    sleep: () => socket.close(),
    end() {
      socket.close();
      tabs.close();
    },
  };
}
