// Talking to the server: HTTP for everything, a socket for what comes without being asked.

const ANSWER_WITHIN = 15_000; // The server answers within three seconds; the rest is for a bad mobile line.
const PING_EVERY = 20_000;
const PONG_WITHIN = 9_000;
const HTTP_INSTEAD = 4_000;
const LONGEST_WAIT = 30_000;

/** The server said no, in words for the person: `body` holds error, help and links. */
class Refused extends Error {
  constructor(status, body) {
    super("refused");
    this.status = status;
    this.body = body;
  }
}

/** One request; throws Refused, or any other error when the server is not there. */
async function request(host, path, { body, token, language, keepalive, method = "POST" }) {
  const headers = { "Content-Type": "application/json", "Accept-Language": language };
  if (token) headers.Authorization = `Bearer ${token}`;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN);
  try {
    const response = await fetch(host + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      keepalive,
      signal: stop.signal,
    });
    if (response.status === 204) return null;
    const answer = await response.json();
    if (response.ok) return answer;
    // Busy or broken is no answer to the person: the message can be sent again.
    if ([408, 429].includes(response.status) || response.status >= 500 || !answer.error) throw new Error("no answer");
    throw new Refused(response.status, answer);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The socket: comes back by itself while somebody looks, and is given up when it goes silent.
 *
 * `hello` gives the first frame or null while there is nothing to listen to; `frame` gets what the server
 * sends; `closed` the code with which it ended the line, if it is one of ours; `missing` that there is no
 * line now, so that what was missed must be asked for.
 */
function makeSocket(host, { hello, frame, closed, missing }) {
  let socket = null;
  let live = false;
  let wait = 500;
  let again = 0;
  let beat = 0;
  let silent = 0;
  const waiting = new Map();

  const address = `${host.replace(/^http/, "ws")}/api/socket`;
  const send = (what) => socket.send(JSON.stringify(what));

  function open() {
    clearTimeout(again);
    if (socket || !hello() || document.hidden) return;
    let mine;
    try {
      mine = socket = new WebSocket(address, ["harborline.v1"]);
    } catch {
      return; // The page's policy does not allow it; HTTP goes on.
    }
    mine.addEventListener("open", () => {
      const first = hello();
      if (first && mine === socket) send(first);
      else mine.close();
    });
    mine.addEventListener("message", (event) => {
      if (mine === socket) heard(JSON.parse(event.data));
    });
    mine.addEventListener("close", (event) => {
      if (mine === socket) drop(event.code);
    });
    expectWithin();
  }

  function heard(said) {
    clearTimeout(silent);
    silent = 0;
    if (said.type === "ready") {
      live = true;
      wait = 500;
      clearInterval(beat);
      beat = setInterval(ping, PING_EVERY);
    }
    const settle = said.type !== "typing" && waiting.get(said.client_message_id);
    if (settle) settle(said);
    else frame(said);
  }

  function ping() {
    if (document.hidden || !live || silent) return;
    send({ type: "ping" });
    expectWithin();
  }

  /** Nothing heard in time: the line is dead although nobody has said so. */
  function expectWithin() {
    clearTimeout(silent);
    silent = setTimeout(() => {
      const dead = socket;
      drop();
      dead?.close();
    }, PONG_WITHIN);
  }

  function drop(code) {
    clearTimeout(silent);
    clearInterval(beat);
    silent = 0;
    socket = null;
    if (!live && !(code >= 4400)) missing();
    live = false;
    for (const settle of [...waiting.values()]) settle(null);
    clearTimeout(again);
    // From 4400 on the server means this chat: it is over, or open in too many places. Waking tries again.
    if (code >= 4400) return closed(code);
    again = setTimeout(open, wait * (1 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  function close() {
    clearTimeout(again);
    clearTimeout(silent);
    clearInterval(beat);
    const old = socket;
    socket = null;
    live = false;
    silent = 0;
    for (const settle of [...waiting.values()]) settle(null);
    old?.close();
  }

  return {
    open,
    close,
    /** Somebody is back: try at once, and ask whether the line still lives. */
    wake() {
      wait = 500;
      if (live) ping();
      else open();
    },
    /** The frame that answers a message; null where the socket cannot say, and HTTP must be asked. */
    ask(what) {
      if (!live) return Promise.resolve(null);
      return new Promise((resolve) => {
        const settle = (said) => {
          clearTimeout(timer);
          waiting.delete(what.client_message_id);
          resolve(said);
        };
        const timer = setTimeout(settle, HTTP_INSTEAD, null);
        waiting.set(what.client_message_id, settle);
        send(what);
      });
    },
  };
}
