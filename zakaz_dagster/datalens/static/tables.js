// Tables and tiles. Text goes in as text, never as HTML.
const LIGHTS = { 3: 'green', 2: 'yellow', 1: 'red' };

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function lit(text, code) {
  return element('span', `light ${LIGHTS[code] ?? 'grey'}`, text);
}

function field(chart, name) {
  return [...chart.dimensions, ...chart.measures].find((found) => found.name === name);
}

function kind(form) {
  if (form === 'date' || form === 'datetime') return 'moment';
  return isNumeric(form) ? 'number' : 'text';
}

// A light of a row that belongs to nothing says nothing: its two sides have different owners.
function cell(chart, found, row) {
  const made = element('td', kind(found.format));
  const text = format(row[found.name], found.format);
  if (!(found.name in chart.light)) made.textContent = text;
  else if (isUnassigned(chart, row)) made.append(lit(NOTHING, 0));
  else made.append(lit(text, row[chart.light[found.name]]));
  return made;
}

function line(cells) {
  const made = document.createElement('tr');
  made.append(...cells);
  return made;
}

// How a reader turned a table: sorted by a column, or opened to all its rows. It holds while the page is open.
const turns = new Map();

function turnOf(chart) {
  if (!turns.has(chart.key)) turns.set(chart.key, { column: '', direction: 1, isOpen: false });
  return turns.get(chart.key);
}

function inOrder(chart, found) {
  const { column, direction } = turnOf(chart);
  return column ? [...found.all].sort(sorted(chart, column, direction)) : found.all;
}

function drawTable(chart, card, found) {
  const turn = turnOf(chart);
  const shown = chart.shown.map((name) => field(chart, name));
  const rows = inOrder(chart, found);
  const seen = turn.isOpen ? rows : rows.slice(0, chart.limit);
  const body = chart.type === 'steps' ? stepLines(chart, found.total) : seen.map((row) => bodyLine(chart, shown, row));
  card.querySelector('tbody').replaceChildren(...body);
  card.querySelector('tfoot').replaceChildren(...footLines(chart, shown, found.total));
  if (chart.type === 'steps') return;
  const redraw = () => drawTable(chart, card, found);
  drawHead(chart, card, shown, redraw);
  drawTools(chart, card, { rows, seen, shown, total: found.total }, redraw);
}

function bodyLine(chart, shown, row) {
  const made = line(shown.map((f) => cell(chart, f, row)));
  made.classList.toggle('unassigned', isUnassigned(chart, row));
  return made;
}

function footLines(chart, shown, total) {
  if (!chart.totals || !total) return [];
  const measures = new Set(chart.measures.map((found) => found.name));
  return [line(shown.map((f, at) => (at && measures.has(f.name) ? cell(chart, f, total) : element('td', 'text', at ? '' : 'Итого'))))];
}

// A click sorts by the column, the next one the other way round; numbers begin with the largest.
function drawHead(chart, card, shown, redraw) {
  const turn = turnOf(chart);
  const named = turn.column || chart.sort.replace('-', '');
  const direction = turn.column ? turn.direction : chart.sort.startsWith('-') ? -1 : 1;
  for (const [at, head] of [...card.querySelectorAll('thead th')].entries()) {
    const { name, title, format: form } = shown[at];
    const button = element('button', 'sort', title);
    button.type = 'button';
    button.addEventListener('click', () => {
      const first = isNumeric(form) ? -1 : 1;
      Object.assign(turn, { column: name, direction: named === name ? -direction : first });
      redraw();
      card.querySelectorAll('thead th')[at].firstChild.focus();
    });
    head.replaceChildren(button);
    if (name === named) head.setAttribute('aria-sort', direction < 0 ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
}

function drawTools(chart, card, { rows, seen, shown, total }, redraw) {
  const tools = card.querySelector('.tools');
  const made = [];
  if (rows.length > chart.limit) {
    made.push(element('span', '', `${seen.length} из ${rows.length}`));
    const turn = turnOf(chart);
    made.push(tool(turn.isOpen ? 'Свернуть' : 'Показать все', () => { turn.isOpen = !turn.isOpen; redraw(); }));
  }
  if (rows.length) made.push(tool('CSV', () => save(`${page.key}-${chart.key}-${state.first}-${state.last}.csv`, csv(chart, shown, rows, total))));
  tools.replaceChildren(...made);
}

function tool(text, act) {
  const button = element('button', 'quiet', text);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

// As a Russian spreadsheet reads it: semicolons, decimal comma, a mark of UTF-8, and no text that could be a formula.
function csv(chart, shown, rows, total) {
  const lines = [shown.map((f) => quoted(f.title)), ...rows.map((row) => shown.map((f) => plain(row[f.name], f.format)))];
  if (chart.totals && total) lines.push(shown.map((f, at) => (at ? plain(total[f.name], f.format) : 'Итого')));
  return `\ufeff${lines.map((cells) => `${cells.join(';')}\r\n`).join('')}`;
}

function plain(value, form) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(steady(value)).replace('.', ',');
  return quoted(form === 'date' || form === 'datetime' ? moment(String(value)) : String(value));
}

function quoted(text) {
  const safe = /^[\s\p{C}]*[=+\-@|＝＋－＠\t\r\n]/u.test(text) ? `'${text}` : text;
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function save(name, text) {
  const link = element('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function stepLines(chart, total) {
  if (!total) return [];
  return steps(chart, total).map(({ title, value, share, format: form }) => line([
    element('td', 'text', title),
    element('td', 'number', format(value, form)),
    element('td', 'number', format(share, 'pct2')),
  ]));
}

// Each step with its share of the one before, in per cent.
function steps(chart, total) {
  let before = null;
  return chart.measures.map((found) => {
    const value = total[found.name];
    const share = before ? ((value ?? 0) / before) * 100 : null;
    before = value ?? 0;
    return { title: found.title, value, share, format: found.format };
  });
}

function drawTile(chart, card, { total }) {
  const place = card.querySelector('.value');
  const [shown] = chart.measures;
  if (!total) place.replaceChildren(element('span', 'nothing', 'нет данных'));
  else if (shown.name in chart.light) {
    place.replaceChildren(lit(format(total[shown.name], shown.format), total[chart.light[shown.name]]));
  } else place.textContent = format(total[shown.name], shown.format);
}
