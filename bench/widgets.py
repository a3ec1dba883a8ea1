"""The widgets that are measured side by side, how each is put on a page, and how it is given messages."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

from bot.settings import ROOT

PEERS: Final = ROOT / "build" / "peers-npm"
PACKAGES: Final = ("deep-chat@2.4.2", "open-chat-studio-widget@0.6.0")
INSTALL_SECONDS: Final = 300
FILL_DEEP_CHAT: Final = """(count) => {
  const chat = document.querySelector("deep-chat");
  for (let each = 0; each < count; each += 1)
    chat.addMessage({ text: `message ${each}, long enough for two lines`, role: each % 2 ? "ai" : "user" });
}"""
FILL_OURS: Final = """async (count) => {
  const turns = Array.from({ length: count }, (_, each) => ({
    by: each % 2 ? "bot" : "person", turn: `t${each}`, seq: each + 1, at: new Date().toISOString(),
    kind: "answer", language: "en", text: `message ${each}, long enough for two lines`,
    links: [], quick_replies: [],
  }));
  const kept = JSON.stringify({ turns, at: Date.now(), open: true });
  sessionStorage.setItem("harborline SERVER", kept);
  const chat = document.querySelector("harborline-chat");
  chat.remove();
  await Promise.resolve();
  document.body.append(chat);
  chat.open();
  await new Promise(requestAnimationFrame);
}"""


@dataclass(frozen=True, slots=True)
class Widget:
    """A widget: what its page holds, and the part that can be used once it is there.

    `fill` is a script that shows it a number of messages; without one its memory is not measured.
    """

    name: str
    tag: str
    part: str
    html: str
    fill: str = ""


DEEP_CHAT: Final = Widget(
    "deep-chat 2.4.2",
    "deep-chat",
    "#text-input",
    '<script type="module" src="/deep-chat/dist/deepChat.bundle.js"></script><deep-chat></deep-chat>',
    FILL_DEEP_CHAT,
)
OPEN_CHAT_STUDIO: Final = Widget(
    "open-chat-studio-widget 0.6.0",
    "open-chat-studio-widget",
    "button",
    '<script type="module" src="/open-chat-studio-widget/dist/open-chat-studio-widget/'
    'open-chat-studio-widget.esm.js"></script>'
    '<open-chat-studio-widget chatbot-id="x" button-text="Chat"></open-chat-studio-widget>',
)


def ours(server: str) -> Widget:
    """Our own; its memory is that of a chat restored with so many turns."""
    return Widget(
        "harborline",
        "harborline-chat",
        ".launch",
        f'<harborline-chat></harborline-chat><script src="{server}/widget.js" async></script>',
        FILL_OURS.replace("SERVER", server),
    )


def peers() -> list[Widget]:
    """The others, from npm, put below `build`; none where npm is not, or cannot install them."""
    npm = shutil.which("npm")
    if npm is None:
        return []
    PEERS.mkdir(parents=True, exist_ok=True)
    # Nothing that a package would run while it is installed is run.
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", str(PEERS))
    command = [npm, "install", *quiet, *PACKAGES]
    done = subprocess.run(command, check=False, timeout=INSTALL_SECONDS, capture_output=True)  # noqa: S603
    return [DEEP_CHAT, OPEN_CHAT_STUDIO] if done.returncode == 0 else []
