/**
 * The first page: sessions, events and procedures, live. Everything shown is set as text, never as markup; every list
 * has a maximum; what cannot be reached is said where it would have been.
 */

const rowsMax = { events: 300, sessions: 100, sops: 100 };
const refreshMs = 5_000;
const reconnectMs = { first: 500, most: 10_000 };

const byId = (id) => document.getElementById(id);
const view = { namespace: '', key: sessionStorage.getItem('key') ?? '', topic: '', paused: false };
let following = new AbortController();

/** Makes an element with a class and children; strings become text. */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.map((child) => (child instanceof Node ? child : String(child ?? ''))));
  return element;
}

async function ask(path, signal) {
  const url = new URL(`/api/v1${path}`, location.href);
  if (view.namespace) url.searchParams.set('namespace', view.namespace);
  const headers = view.key ? { authorization: `Bearer ${view.key}` } : {};
  const answer = await fetch(url, { headers, signal, cache: 'no-store' });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) byId('key-label').hidden = false;
  throw new Error(problem.detail ?? `the node answered ${answer.status}`);
}

function say(text, bad = false) {
  byId('state').textContent = text;
  byId('state').className = bad ? 'bad' : '';
}

function show(name, rows, total) {
  byId(name).replaceChildren(...rows);
  byId(`${name}-empty`).hidden = rows.length > 0;
  byId(`${name}-count`).textContent =
    total > rows.length ? `${rows.length} of ${total}` : String(total || '');
}

function toTime(iso) {
  const time = make('time', '', new Date(iso).toLocaleTimeString());
  time.dateTime = iso;
  time.title = iso;
  return time;
}

function toSession(session) {
  return make(
    'tr',
    '',
    make('td', 'id', session.id.slice(0, 15)),
    make('td', '', session.client || session.transport),
    make('td', '', session.state),
    make('td', '', session.task ?? '—'),
    make('td', 'number', session.calls),
    make('td', '', toTime(session.lastUsedAt)),
  );
}

function toSop(sop) {
  const steps = make('ol', '', ...sop.steps.map((step) => make('li', '', step)));
  const status = sop.metadata?.status ?? '';
  const summary = make(
    'summary',
    '',
    make('span', 'number', `${Math.round(sop.confidence * 100)} %`),
    make('span', 'trigger', sop.trigger),
    make('span', status === 'quarantined' ? 'bad' : 'soft', `${status} · ${sop.occurrences}×`),
  );
  const evidence = make(
    'p',
    'soft',
    `learned from ${sop.occurrences} tasks; proof: `,
    make('span', 'id', sop.evidence.slice(0, 5).join(', ')),
  );
  const details = make('details', '', summary, steps, evidence, make('p', 'id soft', sop.sop_id));
  details.dataset.id = sop.sop_id;
  return details;
}

function toChip(text, bad, title) {
  const chip = make('li', bad ? 'bad' : '', text);
  chip.title = title ?? '';
  return chip;
}

/** What is as it should be is one quiet word each; what is not stands out, with its reason. */
function showHealth({ resources, breakers, learning, lag, catalogue }) {
  const behind = learning.behind > 0 ? `, ${learning.behind} behind` : '';
  byId('health').replaceChildren(
    ...resources.map(({ id, what, state, lastError }) =>
      toChip(`${id.replace(/^r-/, '')} ${state}`, state !== 'healthy', lastError ?? what),
    ),
    ...breakers
      .filter(({ state }) => state !== 'closed')
      .map(({ id, state }) => toChip(`breaker ${id.replace(/^b-/, '')} ${state}`, true)),
    toChip(`learning ${learning.engine_status}${behind}`, learning.engine_status !== 'running'),
    toChip(`${catalogue.tools} tools`, false),
    ...(catalogue.held > 0 ? [toChip(`${catalogue.held} tools held back: drey tools review`, true)] : []),
    ...(catalogue.stale > 0 ? [toChip(`${catalogue.stale} of an upstream that is away`, true)] : []),
    ...(lag.lagging ? [toChip('events wait for the bus', true)] : []),
  );
}

function summarize({ data }) {
  const { name, tool, task, durationMs, trigger, code, reason, to, from } = data ?? {};
  const parts = [name ?? tool ?? task ?? trigger, from && to ? `${from} → ${to}` : undefined, code, reason];
  if (typeof durationMs === 'number') parts.push(`${Math.round(durationMs)} ms`);
  return parts.filter(Boolean).join(' · ').slice(0, 300);
}

function addEvent(event) {
  const bad =
    /failed|refused|raised|gave_up|opened|unhealthy|quarantined/.test(event.type) &&
    event.type !== 'session.opened' &&
    event.type !== 'episode.opened';
  const row = make(
    'li',
    bad ? 'bad' : '',
    toTime(event.at),
    ' ',
    make('span', 'type', event.type),
    ' ',
    make('span', '', summarize(event)),
    ' ',
    make('span', 'soft', `${event.actor.kind}/${event.actor.id.slice(0, 15)}`),
  );
  const list = byId('events');
  list.prepend(row);
  while (list.childElementCount > rowsMax.events) list.lastElementChild.remove();
  byId('events-empty').hidden = true;
  byId('events-count').textContent = String(list.childElementCount);
}

/** Reads server-sent events off a response; the browser's own reader could not send a key. */
async function readEvents(answer, take) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))
        .join('\n');
      if (data) take(JSON.parse(data));
    }
  }
}

/** Reads a stream of the node for as long as the signal allows; one that breaks is opened again. */
async function keepReading(path, signal, { opened, take, broke }) {
  let waitMs = reconnectMs.first;
  while (!signal.aborted) {
    try {
      const answer = await ask(path, signal);
      waitMs = reconnectMs.first;
      opened();
      await readEvents(answer, take);
    } catch (error) {
      if (signal.aborted) return;
      broke(error);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, reconnectMs.most);
  }
}

function follow() {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  void keepReading(`/events?from=new${view.topic ? `&topic=${view.topic}` : ''}`, signal, {
    opened: () => say('live'),
    broke: (error) => say(`not connected: ${error.message}`, true),
    take: (event) => {
      if (!view.paused) addEvent(event);
      scheduleRefresh();
    },
  });
  void keepReading('/status/changes', signal, {
    opened: () => undefined,
    broke: () => byId('health').replaceChildren(),
    take: showHealth,
  });
}

let refreshing;
let again = 0;
function scheduleRefresh() {
  clearTimeout(again);
  again = setTimeout(refresh, 400);
}

async function refresh() {
  if (refreshing) return refreshing;
  refreshing = Promise.all([refreshSessions(), refreshSops()])
    .catch((error) => say(`not connected: ${error.message}`, true))
    .finally(() => {
      refreshing = undefined;
    });
  return refreshing;
}

async function refreshSessions() {
  const { sessions, total } = await (await ask('/sessions')).json();
  const newest = sessions.toSorted((one, other) => other.lastUsedAt.localeCompare(one.lastUsedAt));
  show('sessions', newest.slice(0, rowsMax.sessions).map(toSession), total);
}

async function refreshSops() {
  const { sops } = await (await ask(`/sops?limit=${rowsMax.sops}`)).json();
  const open = new Set([...byId('sops').querySelectorAll('details[open]')].map((one) => one.dataset.id));
  const rows = sops.map(toSop);
  for (const row of rows) row.open = open.has(row.dataset.id);
  show('sops', rows, rows.length);
}

function restart() {
  byId('events').replaceChildren();
  byId('events-empty').hidden = false;
  void refresh();
  follow();
}

byId('mcp-url').textContent = new URL('/mcp', location.href).href;
byId('topic').addEventListener('change', (event) => {
  view.topic = event.target.value;
  restart();
});
byId('pause').addEventListener('click', () => {
  view.paused = !view.paused;
  byId('pause').setAttribute('aria-pressed', String(view.paused));
  byId('pause').textContent = view.paused ? 'go on' : 'pause';
});
byId('where').addEventListener('submit', (event) => {
  event.preventDefault();
  view.namespace = byId('namespace').value.trim();
  view.key = byId('key').value || view.key;
  if (view.key) sessionStorage.setItem('key', view.key);
  restart();
});
setInterval(() => {
  if (!document.hidden) void refresh();
}, refreshMs);
restart();
