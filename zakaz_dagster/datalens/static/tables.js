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

function cell(chart, found, row) {
  const made = element('td', kind(found.format));
  const text = format(row[found.name], found.format);
  if (found.name in chart.light) made.append(lit(text, row[chart.light[found.name]]));
  else made.textContent = text;
  return made;
}

function line(cells) {
  const made = document.createElement('tr');
  made.append(...cells);
  return made;
}

function drawTable(chart, card, { rows, total }) {
  const shown = chart.shown.map((name) => field(chart, name));
  const body = chart.type === 'steps' ? stepLines(chart, total) : rows.map((row) => line(shown.map((f) => cell(chart, f, row))));
  card.querySelector('tbody').replaceChildren(...body);
  const measures = new Set(chart.measures.map((found) => found.name));
  const foot = chart.totals && total
    ? [line(shown.map((f, at) => (at && measures.has(f.name) ? cell(chart, f, total) : element('td', 'text', at ? '' : 'Итого'))))]
    : [];
  card.querySelector('tfoot').replaceChildren(...foot);
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
