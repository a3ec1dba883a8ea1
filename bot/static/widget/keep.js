// What this visit keeps: nothing before the first message; then the chat in this tab's sessionStorage, shared
// with the visit's other tabs, gone with the last of them.

const IDLE = 30 * 60_000;

/** A store that never throws: a page in a sandbox has no storage, and the chat goes on without. */
function makeKeep(host) {
  const key = `harborline ${host}`;
  const attempt = (work) => {
    try {
      return work();
    } catch {
      return null;
    }
  };
  return {
    read: () => attempt(() => JSON.parse(sessionStorage.getItem(key))),
    write: (chat) => attempt(() => sessionStorage.setItem(key, JSON.stringify(chat))),
    remove: () => attempt(() => sessionStorage.removeItem(key)),
  };
}

/** The visit's other tabs. `heard` gets {ask}, {chat}, {turns}, {cleared} or {left}. */
function makeTabs(host, heard) {
  if (!("BroadcastChannel" in window)) return { tell() {}, close() {} };
  let channel;
  const open = () => {
    channel = new BroadcastChannel(`harborline ${host}`);
    channel.addEventListener("message", (event) => heard(event.data));
  };
  open();
  return { tell: (what) => channel.postMessage(what), close: () => channel.close() };
}

/** Put turns into a list: each once, in the order of the server; true where something is new. */
function mergeTurns(turns, arrived) {
  return arrived.filter((turn) => {
    const key = turnKey(turn);
    const place = turns.findIndex((known) => turnKey(known) === key);
    if (place >= 0) {
      // What the server says about a message of ours settles it.
      turns[place] = { ...turns[place], state: undefined, ...turn };
      return false;
    }
    const later = turn.seq ? turns.findIndex((known) => known.seq > turn.seq) : -1;
    turns.splice(later < 0 ? turns.length : later, 0, turn);
    return true;
  });
}

function turnKey(turn) {
  return turn.client_message_id ?? turn.turn;
}
