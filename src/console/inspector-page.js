/**
 * The bridge between this node and the inspector it frames: what the node tells of its actors is passed on to the
 * frame's own origin, and to nobody else. Messages from anywhere but that frame are not heard.
 */

const byId = (id) => document.getElementById(id);
const frame = byId('inspector');
const receiver = new URL(document.body.dataset.receiver, location.href);
const reconnectMs = { first: 500, most: 10_000 };
const answerMs = 15_000;
const fields = ['namespace', 'kind', 'id'];
let feeding = new AbortController();
let patience = 0;
let shown = 0;

function say(text, bad = false) {
  byId('state').textContent = text;
  byId('state').className = bad ? 'bad' : '';
}

/** Reads server-sent events off a response; the browser's own reader could not send a key. */
async function readMessages(answer, take) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (rest + value).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const data = message.split('\n').find((line) => line.startsWith('data: '));
      if (data !== undefined) take(JSON.parse(data.slice(6)));
    }
  }
}

async function open(signal) {
  const url = new URL('/inspector/feed', location.href);
  for (const field of fields) {
    const value = byId(field).value.trim();
    if (value) url.searchParams.set(field, value);
  }
  const key = sessionStorage.getItem('key');
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const answer = await fetch(url, { headers, signal, cache: 'no-store' });
  if (answer.ok) return answer;
  if (answer.status === 401) byId('key-label').hidden = false;
  throw new Error((await answer.text()).trim() || `the node answered ${answer.status}`);
}

/** Begins anew with every actor's registration, again after each break. */
async function feed() {
  feeding.abort();
  feeding = new AbortController();
  const { signal } = feeding;
  let waitMs = reconnectMs.first;
  while (!signal.aborted) {
    try {
      const answer = await open(signal);
      waitMs = reconnectMs.first;
      say('live');
      await readMessages(answer, (message) => {
        if (signal.aborted) return;
        shown += 1;
        frame.contentWindow.postMessage(message, receiver.origin);
        if (shown % 20 === 1) say(`live · ${shown} messages`);
      });
    } catch (error) {
      if (signal.aborted) return;
      say(`not connected: ${error.message}`, true);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, reconnectMs.most);
  }
}

/** Loads the inspector, which tells when it is there. */
function load() {
  feeding.abort();
  shown = 0;
  clearTimeout(patience);
  patience = setTimeout(
    () => say(`${receiver.origin} has not answered; is this browser online?`, true),
    answerMs,
  );
  frame.src = receiver.href;
}

addEventListener('message', ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== receiver.origin) return;
  if (data?.type !== '@statelyai.connected') return;
  clearTimeout(patience);
  void feed();
});
byId('filter').addEventListener('submit', (event) => {
  event.preventDefault();
  if (byId('key').value) sessionStorage.setItem('key', byId('key').value);
  load();
});
const asked = new URLSearchParams(location.search);
for (const field of fields) byId(field).value = asked.get(field) ?? '';
load();
