// The page: what is selected, kept in the address behind #, and everything drawn from it.
const page = JSON.parse(document.getElementById('data').textContent);
const oldest = Object.values(page.datasets).reduce((day, found) => (found.since > day ? found.since : day), '');
const LONGEST = 3660; // days
let state = {};

function initial() {
  return { days: page.days, first: addDays(page.today, 1 - page.days), last: page.today, choices: {} };
}

// #days=7, or #from=2026-11-01&to=2026-11-10, and #city_name=Томск&city_name=Омск.
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const found = initial();
  const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? '') && !Number.isNaN(Date.parse(text));
  if (Number(given.get('days')) > 0) {
    found.days = Math.min(Math.round(Number(given.get('days'))), LONGEST);
    found.first = addDays(page.today, 1 - found.days);
  } else if (isDay(given.get('from')) && isDay(given.get('to'))) {
    Object.assign(found, { days: null, first: given.get('from'), last: given.get('to') });
  }
  for (const { name } of page.selectors) found.choices[name] = given.getAll(name);
  return found;
}

function toAddress(next) {
  const text = new URLSearchParams();
  if (next.days === null) {
    text.set('from', next.first);
    text.set('to', next.last);
  } else if (next.days !== page.days) text.set('days', next.days);
  for (const [name, wanted] of Object.entries(next.choices)) for (const value of wanted) text.append(name, value);
  return text.toString();
}

function change(part) {
  location.hash = toAddress({ ...state, ...part });
}

function options(name) {
  const found = new Set();
  for (const dataset of Object.values(page.datasets)) {
    for (const value of dataset.dimensions[name]?.values ?? []) found.add(value);
  }
  return [...found].sort((a, b) => a.localeCompare(b, 'ru'));
}

function makeChoice({ name, title }) {
  const box = element('details', 'choice');
  box.dataset.name = name;
  box.append(element('summary', '', title));
  const list = element('div', 'list');
  for (const value of options(name)) {
    const label = element('label');
    const tick = element('input');
    Object.assign(tick, { type: 'checkbox', value });
    tick.addEventListener('change', () => {
      const wanted = [...list.querySelectorAll('input:checked')].map((input) => input.value);
      change({ choices: { ...state.choices, [name]: wanted } });
    });
    label.append(tick, value);
    list.append(label);
  }
  box.append(list);
  return box;
}

function showSelectors() {
  for (const button of document.querySelectorAll('[data-days]')) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.days) === state.days));
  }
  document.getElementById('first').value = state.first;
  document.getElementById('last').value = state.last;
  for (const box of document.querySelectorAll('.choice')) {
    const wanted = state.choices[box.dataset.name] ?? [];
    for (const tick of box.querySelectorAll('input')) tick.checked = wanted.includes(tick.value);
    const { title } = page.selectors.find((found) => found.name === box.dataset.name);
    box.querySelector('summary').textContent = wanted.length > 1 ? `${title}: ${wanted.length}` : `${title}: ${wanted[0] ?? 'все'}`;
  }
  const chosen = document.getElementById('chosen');
  chosen.textContent = `${moment(state.first)} – ${moment(state.last)}${remark()}`;
  chosen.classList.toggle('wrong', state.first > state.last || state.first > page.today);
  document.getElementById('reset').hidden = location.hash.length < 2;
}

function remark() {
  if (state.first > state.last) return ' — начало позже конца: в таком периоде нет ни одного дня';
  if (state.first > page.today) return ` — этот период ещё не наступил, сегодня ${moment(page.today)}`;
  return state.first < oldest ? ` · раньше ${moment(oldest)} — в DataLens` : '';
}

// The command that explains a figure of this period and selection; the page's own text is that of the first period.
function command(chart, dataset, name) {
  const wanted = { ...chart.where };
  for (const [key, values] of Object.entries(state.choices)) {
    if (values.length && key in dataset.dimensions) wanted[key] = values;
  }
  const tests = dataset.date ? [`${dataset.date}=${state.first}..${state.last}`] : [];
  for (const [key, values] of Object.entries(wanted)) tests.push(...values.map((value) => `${key}=${value}`));
  const columns = chart.measures.find((measure) => measure.name === name)?.columns ?? [];
  const words = [...tests.flatMap((test) => ['--where', test]), ...columns.flatMap((column) => ['--column', column])];
  return ['zakaz', 'explain', chart.view, ...words].map(shellWord).join(' ');
}

function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function draw() {
  state = fromAddress();
  showSelectors();
  for (const chart of page.charts) {
    const card = document.querySelector(`[data-chart="${chart.key}"]`);
    const dataset = page.datasets[chart.dataset];
    const found = answer(chart, dataset, state);
    for (const code of card.querySelectorAll('.explain')) code.textContent = command(chart, dataset, code.dataset.field);
    if (chart.type === 'kpi') {
      drawTile(chart, card, found);
      continue;
    }
    drawTable(chart, card, found);
    if (chart.type !== 'table') drawPlot(chart, card, found, state, dataset);
    card.querySelector('.nothing').hidden = chart.dimensions.length ? found.rows.length > 0 : found.total !== null;
    for (const note of card.querySelectorAll('.missing')) {
      note.hidden = found.rows.some((row) => row[note.dataset.measure] !== null);
    }
  }
  for (const link of document.querySelectorAll('nav a')) link.hash = location.hash;
  document.body.dataset.ready = String(Number(document.body.dataset.ready ?? 0) + 1);
}

function start() {
  document.getElementById('choices').append(...page.selectors.map(makeChoice));
  for (const button of document.querySelectorAll('[data-days]')) {
    button.addEventListener('click', () => {
      const days = Number(button.dataset.days);
      change({ days, first: addDays(page.today, 1 - days), last: page.today });
    });
  }
  for (const edge of ['first', 'last']) {
    document.getElementById(edge).addEventListener('change', ({ target }) => {
      if (target.value) change({ days: null, [edge]: target.value });
    });
  }
  document.getElementById('reset').addEventListener('click', () => { location.hash = ''; });
  document.addEventListener('click', ({ target }) => {
    if (target.classList.contains('explain')) {
      getSelection().selectAllChildren(target);
      navigator.clipboard?.writeText(target.textContent);
    }
    for (const box of document.querySelectorAll('.choice[open], .help[open]')) if (!box.contains(target)) box.open = false;
  });
  window.addEventListener('hashchange', draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  window.addEventListener('resize', () => { for (const drawing of drawings.values()) drawing.resize(); });
  document.getElementById('selectors').hidden = false;
  draw();
}

start();
