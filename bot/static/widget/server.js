// What a chat asks of the server: to be opened, to answer a message, to be told what was missed.

/**
 * `current` is the chat as it is kept, if there is one; `opened` is told when it has another conversation.
 */
function makeServer({ host, page, language, socket, current, opened }) {
  let opening = null;

  /** A token; asked for with the first message, and again when the one that was had is no good. */
  function begin() {
    const mine = current();
    if (mine.token) return Promise.resolve();
    opening ??= request(host, "/api/conversations", { body: { language: language() }, language: language() })
      .then(({ conversation, token }) => {
        Object.assign(mine, { conversation, token });
        // Turns of a conversation before this one have no place in it.
        for (const turn of mine.turns) delete turn.seq;
        opened();
      })
      .finally(() => {
        opening = null;
      });
    return opening;
  }

  async function ask(turn, reopened) {
    await begin();
    const body = { client_message_id: turn.client_message_id, text: turn.text };
    if (turn.language) body.language = turn.language;
    if (page) body.page = { address: location.origin + location.pathname, title: document.title };
    const said = await socket.ask({ type: "message", ...body });
    if (said?.type === "replies") return said;
    if (said && said.error.code !== "unavailable") throw new Refused(400, said);
    try {
      const answer = await post("messages", body);
      return { message: answer.message, turns: botTurns(answer.replies) };
    } catch (error) {
      if (error.status !== 401 || reopened) throw error;
      // The token has expired: the words go into a new conversation. Nobody types them twice.
      current().token = null;
      return ask(turn, true);
    }
  }

  function post(what, body) {
    const { conversation, token } = current();
    return request(host, `/api/${what}`, { body: { conversation, ...body }, token, language: language() });
  }

  /** Something about the conversation itself. */
  function about({ conversation, token }, what, options) {
    return request(host, `/api/conversations/${conversation}/${what}`, { token, language: language(), ...options });
  }

  return { begin, ask, post, about };
}

function botTurns(replies) {
  return replies.map((reply) => ({ by: "bot", turn: newId(), at: new Date().toISOString(), ...reply }));
}
