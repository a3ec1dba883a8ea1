// A clock that goes on in a hidden tab, where a page's own timers are slowed down to once a minute.
setInterval(() => postMessage(0), 1000);
